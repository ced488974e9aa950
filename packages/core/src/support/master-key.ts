import { readFileSync } from 'node:fs';
import { Invalid } from './errors.js';
import { loadOrCreateSecrets, parseMasterKey } from './secrets-file.js';

export interface MasterKeySources {
  /** TRUNKLINE_MASTER_KEY. */
  readonly key: string | undefined;
  /** TRUNKLINE_MASTER_KEY_FILE. */
  readonly keyFile: string | undefined;
  readonly dataDir: string;
  /** The database of this installation is the embedded one, so its key may live beside it. */
  readonly embedded: boolean;
}

/**
 * Finds the master key in the one order that every program of an installation uses: the variable, the file it names,
 * and with the embedded database the secrets file, which is made when missing. Throws `Invalid` with what to do.
 */
export function findMasterKey({ key, keyFile, dataDir, embedded }: MasterKeySources): Uint8Array {
  if (key && keyFile) throw new Invalid('Set either TRUNKLINE_MASTER_KEY or TRUNKLINE_MASTER_KEY_FILE, not both.');
  if (key) return parseMasterKey(key, 'TRUNKLINE_MASTER_KEY');
  if (keyFile) return parseMasterKey(readKeyFile(keyFile), `the file of TRUNKLINE_MASTER_KEY_FILE, ${keyFile},`);
  if (embedded) return loadOrCreateSecrets(dataDir).masterKey;
  throw new Invalid(
    'TRUNKLINE_MASTER_KEY or TRUNKLINE_MASTER_KEY_FILE is required with DATABASE_URL. Make one with: openssl rand -base64 32',
  );
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Invalid(`The file of TRUNKLINE_MASTER_KEY_FILE, ${path}, cannot be read (${code}).`);
  }
}
