import { resolve } from 'node:path';
import type { EnvReader } from './env.js';

/** Where the master key comes from; reading it is for `secrets.ts`. */
export type MasterKeySource =
  | { readonly from: 'env'; readonly base64: string }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'data-dir' };

const BOOTSTRAP_MIN = 32;

export function readMasterKey(env: EnvReader, required: boolean): MasterKeySource {
  const base64 = env.text('TRUNKLINE_MASTER_KEY');
  const path = env.text('TRUNKLINE_MASTER_KEY_FILE');
  if (base64 !== null && path !== null) {
    env.wrong('Set TRUNKLINE_MASTER_KEY or TRUNKLINE_MASTER_KEY_FILE, not both.', null);
  }
  if (base64 !== null && !isBase64Of32Bytes(base64)) {
    env.wrong('TRUNKLINE_MASTER_KEY must be base64 of exactly 32 bytes, as printed by: openssl rand -base64 32', null);
  }
  if (base64 === null && path === null && required) {
    env.wrong(
      'DATABASE_URL needs TRUNKLINE_MASTER_KEY or TRUNKLINE_MASTER_KEY_FILE: the key that its secrets are under.',
      null,
    );
  }
  if (base64 !== null) return { from: 'env', base64 };
  return path === null ? { from: 'data-dir' } : { from: 'file', path: resolve(path) };
}

export function readBootstrapKey(env: EnvReader): string | null {
  const key = env.text('TRUNKLINE_BOOTSTRAP_API_KEY');
  if (key === null || /^[\x21-\x7e]{32,256}$/.test(key)) return key;
  return env.wrong(
    `TRUNKLINE_BOOTSTRAP_API_KEY must have ${BOOTSTRAP_MIN} to 256 letters, digits or signs, without blanks.`,
    null,
  );
}

export function isBase64Of32Bytes(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === text;
}
