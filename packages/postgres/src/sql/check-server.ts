/** Proves that a server is one we can work with. */
import type { Sql } from './sql.js';

const OLDEST_VERSION = 150_000;

/** The server is reachable but cannot be used; the message says what to change. */
export class UnsuitableServer extends Error {
  override readonly name = 'UnsuitableServer';
}

/** Throws `UnsuitableServer` for an old version, another encoding, or a copy that cannot be written. */
export async function checkServer(sql: Sql): Promise<void> {
  const [server] = await sql.rows<{ number: number; version: string; encoding: string; standby: boolean }>(
    `select current_setting('server_version_num')::integer as number, current_setting('server_version') as version,
       current_setting('server_encoding') as encoding, pg_is_in_recovery() as standby`,
  );
  if (server === undefined) throw new UnsuitableServer('the database server did not tell its version');
  if (server.number < OLDEST_VERSION) {
    throw new UnsuitableServer(`the database server is PostgreSQL ${server.version}; version 15 or newer is needed`);
  }
  if (server.encoding !== 'UTF8') {
    throw new UnsuitableServer(`the database is encoded as ${server.encoding}; create one with encoding UTF8`);
  }
  if (server.standby) throw new UnsuitableServer('the database is a standby that cannot be written; use the primary');
}
