/** Makes the files of a new PostgreSQL server, whole or not at all. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../sql/database-error.js';
import type { Binaries } from './binaries.js';
import { EmbeddedFailure, giveTo, type RunAs, runOptions } from './run-as.js';

/** The major version is pinned: its files cannot be read by another one. */
const MAJOR_VERSION = '18';
const run = promisify(execFile);

/** Runs `initdb` beside the final place and renames, so that a killed first start leaves nothing half made. */
export async function initCluster(binaries: Binaries, dataDir: string, serverDir: string, user: RunAs): Promise<void> {
  if (existsSync(join(serverDir, 'PG_VERSION'))) return checkVersion(serverDir);
  const fresh = `${serverDir}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  giveTo(user, fresh);
  const auth =
    process.platform === 'win32' ? ['--auth=scram-sha-256', `--pwfile=${passwordFile(dataDir)}`] : ['--auth=trust'];
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  try {
    await run(binaries.initdb, ['-D', fresh, '-U', 'postgres', '--no-instructions', ...auth, ...locale], {
      ...runOptions(user),
      cwd: '/',
      timeout: 120_000,
    });
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw new EmbeddedFailure(`the embedded PostgreSQL could not make its files in ${serverDir}: ${reason(error)}`);
  }
  rmSync(serverDir, { recursive: true, force: true });
  renameSync(fresh, serverDir);
}

/** The password of a server that listens on TCP, made on first use. */
export function readPassword(dataDir: string): string {
  return readFileSync(passwordFile(dataDir), 'utf8').trim();
}

function passwordFile(dataDir: string): string {
  const file = join(dataDir, 'postgres-password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return file;
}

function checkVersion(serverDir: string): void {
  const version = readFileSync(join(serverDir, 'PG_VERSION'), 'utf8').trim();
  if (version === MAJOR_VERSION) return;
  throw new EmbeddedFailure(
    `${serverDir} was made by PostgreSQL ${version} and this version of Trunkline brings ${MAJOR_VERSION}; start the version that made it and export first`,
  );
}

function reason(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
  const line = stderr.split('\n').find((text) => /error|fatal/i.test(text));
  return line?.trim() ?? errorMessage(error);
}
