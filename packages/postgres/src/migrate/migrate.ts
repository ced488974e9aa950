/** Brings a database to the schema of this code. Any number of processes may call it at once. */
import type { Log } from '@trunkline/core';
import pg from 'pg';
import { type ConnectionSettings, connectionConfig } from '../sql/connection.js';
import { translateError } from '../sql/database-error.js';
import { type Migration, readMigrations } from './migration-files.js';

/** Names the one lock that migrating processes share; any constant will do as long as it never changes. */
const MIGRATION_LOCK = 7_305_001;
const WAIT_FOR_OTHERS = '120s';
const LONGEST_MIGRATION_MS = 3_600_000;

/** The database cannot be brought to this code's schema; the message says why and what to do. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}

/**
 * Applies what is missing, one transaction per file, and answers with the names that were applied. Refuses a database
 * that a newer version has migrated, and one that was made from other files.
 */
export async function migrate(settings: ConnectionSettings, log: Log, files?: readonly Migration[]): Promise<string[]> {
  const migrations = files ?? (await readMigrations());
  const client = new pg.Client(connectionConfig({ ...settings, statementTimeoutMs: LONGEST_MIGRATION_MS }));
  client.on('error', (error) => log.debug('database connection lost', { error: error.message }));
  try {
    await client.connect();
    await client.query(`set lock_timeout = '${WAIT_FOR_OTHERS}'`);
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const missing = pending(migrations, await readApplied(client));
    for (const migration of missing) {
      await apply(client, migration);
      log.info('migration applied', { migration: migration.name });
    }
    return missing.map((migration) => migration.name);
  } catch (error) {
    throw translateError(error);
  } finally {
    // Ends the session, and with it the lock.
    await client.end().catch(() => undefined);
  }
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

async function readApplied(client: pg.Client): Promise<Applied[]> {
  await client.query(`create table if not exists schema_migrations (
    number integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default clock_timestamp()
  )`);
  const { rows } = await client.query<Applied>('select number, name, checksum from schema_migrations order by number');
  return rows;
}

function pending(known: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const byNumber = new Map(known.map((migration) => [migration.number, migration]));
  for (const { number, name, checksum } of applied) {
    const file = byNumber.get(number);
    if (file === undefined) {
      throw new MigrationRefused(
        `this database is newer than this version of Trunkline (it has migration ${name}); start the newer version again`,
      );
    }
    if (file.checksum !== checksum) {
      throw new MigrationRefused(
        `migration ${name} differs from the one this database was made with; use the version that made it, or an empty database`,
      );
    }
  }
  const done = new Set(applied.map((row) => row.number));
  return known.filter((migration) => !done.has(migration.number));
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into schema_migrations (number, name, checksum) values ($1, $2, $3)', [
      migration.number,
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
