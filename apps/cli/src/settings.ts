import { resolve } from 'node:path';
import { findMasterKey } from '@trunkline/core';

/** Which installation a command line is about. */
export interface Settings {
  /** Null means the embedded database of the data directory. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly masterKey: Uint8Array;
}

/** Reads the same variables as the server. Throws with what to do. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = (name: string) => env[name]?.trim() || undefined;
  const databaseUrl = given('DATABASE_URL') ?? null;
  const dataDir = resolve(given('TRUNKLINE_DATA_DIR') ?? 'data');
  const masterKey = findMasterKey({
    key: given('TRUNKLINE_MASTER_KEY'),
    keyFile: given('TRUNKLINE_MASTER_KEY_FILE'),
    dataDir,
    embedded: databaseUrl === null,
  });
  return { databaseUrl, dataDir, masterKey };
}
