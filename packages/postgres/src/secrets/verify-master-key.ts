/** Proves that a master key is the one a database was written with. */
import type { Sql } from '../sql/sql.js';
import { KEY_BYTES, open, SealBroken, seal } from './envelope.js';

const PROOF = Buffer.from('trunkline');

/** This database belongs to another master key. */
export class WrongMasterKey extends Error {
  override readonly name = 'WrongMasterKey';
}

/** Refuses a master key of the wrong size; the message never shows it. */
export function checkMasterKeySize(masterKey: Uint8Array): void {
  if (masterKey.length === KEY_BYTES) return;
  throw new WrongMasterKey(`the master key must be ${KEY_BYTES} bytes, but it has ${masterKey.length}`);
}

/**
 * Throws `WrongMasterKey` unless this key is the one the database was written with. A database without a proof takes
 * the key when `adopt` is set (a fresh one, inside the migration); otherwise nothing is checked or written.
 */
export async function verifyMasterKey(sql: Sql, masterKey: Uint8Array, adopt: boolean): Promise<void> {
  checkMasterKeySize(masterKey);
  const installation = await readInstallation(sql);
  if (installation === null) return;
  const place = ['master-key-check', installation.id];
  if (installation.proof === null) {
    if (!adopt) return;
    await sql.rows('update installation set master_key_check = $1 where master_key_check is null', [
      seal(masterKey, PROOF, place),
    ]);
    return verifyMasterKey(sql, masterKey, false);
  }
  try {
    open(masterKey, installation.proof, place);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    const hint = 'start with the key that was in use before, because nothing it protected can be read with another one';
    throw new WrongMasterKey(`this database was written with another master key: ${hint}`);
  }
}

async function readInstallation(sql: Sql): Promise<{ id: string; proof: Buffer | null } | null> {
  const [exists] = await sql.rows<{ yes: boolean }>("select to_regclass('installation') is not null as yes");
  if (exists?.yes !== true) return null;
  const [row] = await sql.rows<{ id: string; proof: Buffer | null }>(
    'select installation_id as id, master_key_check as proof from installation',
  );
  return row ?? null;
}
