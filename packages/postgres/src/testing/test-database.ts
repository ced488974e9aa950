/** Databases for tests: clones of a migrated template on one embedded server that a whole test run shares. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { type Database, type DatabaseOptions, openDatabase } from '../open-database.js';
import { until } from '../support/until.js';
import { connected, MASTER_KEY, maintain, sharedServer, withDatabase } from './shared-server.js';
import { silentLog } from './silent-log.js';

export interface TestDatabase {
  readonly url: string;
  readonly masterKey: Uint8Array;
  readonly db: Database;
  /** Runs a statement on a connection of its own, past every store. */
  rows<R extends object>(statement: string, values?: readonly unknown[]): Promise<R[]>;
  /** Holds the locks of a statement while `run` runs. */
  whileLocked(statement: string, values: readonly unknown[], run: () => Promise<void>): Promise<void>;
  /** Resolves when this many sessions of the database wait for a lock. */
  waiters(count: number): Promise<void>;
  /** Closes `db` and removes the database. Connections that are still open are cut. */
  drop(): Promise<void>;
}

const WAITERS_MS = 60_000;

/** An empty, migrated database of its own. Starts the shared server when it is the first of the run. */
export async function createTestDatabase(options: Partial<DatabaseOptions> = {}): Promise<TestDatabase> {
  const { serverUrl, template } = await sharedServer();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await maintain(serverUrl, (client) => client.query(`create database ${name} template ${template}`));
  const url = withDatabase(serverUrl, name);
  const db = await openDatabase({ url, masterKey: MASTER_KEY, log: silentLog, poolSize: 8, ...options });
  return {
    url,
    masterKey: MASTER_KEY,
    db,
    rows: <R extends object>(statement: string, values: readonly unknown[] = []) => query<R>(url, statement, values),
    whileLocked: (statement, values, run) => whileLocked(url, statement, values, run),
    waiters: (count) => awaitWaiters(url, count),
    async drop() {
      await db.close();
      await maintain(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** An empty database without any schema. */
export async function createBareDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const { serverUrl } = await sharedServer();
  const name = `bare_${randomUUID().replaceAll('-', '')}`;
  await maintain(serverUrl, (client) => client.query(`create database ${name} template template0`));
  return {
    url: withDatabase(serverUrl, name),
    drop: () => maintain(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

async function query<R extends object>(url: string, statement: string, values: readonly unknown[]): Promise<R[]> {
  let rows: R[] = [];
  const run = async (client: pg.Client) => {
    rows = (await client.query<R & pg.QueryResultRow>(statement, [...values])).rows;
  };
  await connected(url, run);
  return rows;
}

function whileLocked(
  url: string,
  statement: string,
  values: readonly unknown[],
  run: () => Promise<void>,
): Promise<void> {
  return connected(url, async (client) => {
    await client.query('begin');
    await client.query(statement, [...values]);
    await run();
    await client.query('rollback');
  });
}

async function awaitWaiters(url: string, count: number): Promise<void> {
  const enough = async () => {
    const [row] = await query<{ waiting: string }>(
      url,
      `select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      [],
    );
    return Number(row?.waiting) >= count;
  };
  if (!(await until(WAITERS_MS, enough))) throw new Error(`${count} sessions never waited for a lock`);
}
