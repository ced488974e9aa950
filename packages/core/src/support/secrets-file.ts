import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Invalid } from './errors.js';

/** The secrets of an installation that was given none: made once, kept in the data directory, readable by its owner only. */
export interface Secrets {
  /** 32 bytes that wrap the data keys of all phones. Without them no phone can be opened again. */
  readonly masterKey: Uint8Array;
}

const MASTER_KEY_BYTES = 32;

export function secretsFilePath(dataDir: string): string {
  return join(dataDir, 'secrets.json');
}

/**
 * Reads `<dataDir>/secrets.json`, or makes it. Of several processes that make it at once, one wins and all read the
 * winner's; the file is complete on disk before it has its name. Throws `Invalid` with what to do.
 */
export function loadOrCreateSecrets(dataDir: string): Secrets {
  const path = secretsFilePath(dataDir);
  return readSecrets(path) ?? createSecrets(dataDir, path);
}

/** Reads a master key as people write it: base64 of 32 bytes. `name` says where it came from. */
export function parseMasterKey(text: string, name: string): Uint8Array {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, 'base64');
  if (bytes.length !== MASTER_KEY_BYTES || bytes.toString('base64') !== trimmed) {
    throw new Invalid(`${name} must be base64 of exactly 32 bytes, as printed by: openssl rand -base64 32`);
  }
  return new Uint8Array(bytes);
}

function readSecrets(path: string): Secrets | null {
  let text: string;
  try {
    // The mode belongs to the file that is read, so a group- or world-readable one is refused before it is used.
    const { mode } = statSync(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Invalid(
        `${path} can be read by others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}). Run: chmod 600 ${path}`,
      );
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Invalid) throw error;
    if (codeOf(error) === 'ENOENT') return null;
    throw new Invalid(`${path} cannot be read (${codeOf(error)}). Run as the user who owns it.`);
  }
  return parseSecrets(text, path);
}

function parseSecrets(text: string, path: string): Secrets {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch {
    stored = null;
  }
  if (
    typeof stored !== 'object' ||
    stored === null ||
    !('master_key' in stored) ||
    typeof stored.master_key !== 'string'
  ) {
    throw new Invalid(
      `${path} is damaged: restore it from a backup. Deleting it makes every linked phone of this database unreadable.`,
    );
  }
  return { masterKey: parseMasterKey(stored.master_key, `master_key in ${path}`) };
}

function createSecrets(dataDir: string, path: string): Secrets {
  const text = `${JSON.stringify({ master_key: randomBytes(MASTER_KEY_BYTES).toString('base64') }, null, 2)}\n`;
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    // Others may pass through, because the embedded database can run as another user; what is secret has its own mode.
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
    writeWhole(draft, text);
  } catch (error) {
    throw new Invalid(
      `${dataDir} cannot be written (${codeOf(error)}). Set TRUNKLINE_DATA_DIR to a directory that this user may write.`,
    );
  }
  try {
    // A hard link refuses an existing name, unlike a rename: the first process wins and its key stays.
    linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  syncDirectory(dataDir);
  const secrets = readSecrets(path);
  if (secrets === null) throw new Invalid(`${path} vanished while it was being made. Start again.`);
  return secrets;
}

function writeWhole(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes the new name survive a power loss. Windows cannot open directories and needs no such step. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
