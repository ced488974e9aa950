import { readFileSync } from 'node:fs';
import { Invalid, loadOrCreateSecrets, parseMasterKey } from '@trunkline/core';
import type { Config } from './config.js';

/** The master key from where the configuration says. Throws `Invalid` with what to do. */
export function loadMasterKey(config: Pick<Config, 'masterKey' | 'dataDir'>): Uint8Array {
  const source = config.masterKey;
  switch (source.from) {
    case 'env':
      return parseMasterKey(source.base64, 'TRUNKLINE_MASTER_KEY');
    case 'file':
      return parseMasterKey(readKeyFile(source.path), source.path);
    case 'data-dir':
      return loadOrCreateSecrets(config.dataDir).masterKey;
  }
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Invalid(`TRUNKLINE_MASTER_KEY_FILE cannot be read: ${path} (${code}).`);
  }
}
