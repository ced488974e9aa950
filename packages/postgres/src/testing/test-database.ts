/** Databases for tests: clones of a migrated template on one embedded server that a whole test run shares. */
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { type DataDirLock, DataDirTaken, lockDataDir } from '../embedded/lock-data-dir.js';
import { startEmbedded } from '../embedded/start-embedded.js';
import { readMigrations } from '../migrate/migration-files.js';
import { type Database, type DatabaseOptions, openDatabase } from '../open-database.js';
import { pause, until } from '../support/until.js';
import { silentLog } from './silent-log.js';
import { TEST_HOME } from './test-home.js';

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

/** One key for every test database, because they are clones of one template. */
const MASTER_KEY = createHash('sha256').update('master key of the test databases').digest();
const OTHERS_MS = 60_000;

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
export async function createBareDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const { serverUrl } = await sharedServer();
  const name = `bare_${randomUUID().replaceAll('-', '')}`;
  await maintain(serverUrl, (client) => client.query(`create database ${name} template template0`));
  return {
    url: withDatabase(serverUrl, name),
    drop: () => maintain(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

let shared: Promise<{ serverUrl: string; template: string }> | null = null;

function sharedServer(): Promise<{ serverUrl: string; template: string }> {
  shared ??= prepareServer();
  return shared;
}

async function prepareServer(): Promise<{ serverUrl: string; template: string }> {
  const home = process.env[TEST_HOME];
  if (home === undefined)
    throw new Error(`${TEST_HOME} is not set: run tests with the vitest.config.ts of the repository`);
  const lock = await awaitLock(home);
  try {
    const server = await startEmbedded({ dataDir: home, log: silentLog });
    return { serverUrl: server.url, template: await prepareTemplate(server.url) };
  } finally {
    await lock.release();
  }
}

/** Migrated once; renamed only when it is complete. */
async function prepareTemplate(serverUrl: string): Promise<string> {
  const checksums = (await readMigrations()).map((migration) => migration.checksum).join();
  const template = `template_${createHash('sha256').update(checksums).digest('hex').slice(0, 16)}`;
  await maintain(serverUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
    if (rowCount !== 0) return;
    await client.query('drop database if exists template_building');
    await client.query('create database template_building');
    const db = await openDatabase({
      url: withDatabase(serverUrl, 'template_building'),
      masterKey: MASTER_KEY,
      log: silentLog,
    });
    await db.migrate();
    await db.close();
    await client.query(`alter database template_building rename to ${template}`);
  });
  return template;
}

async function awaitLock(home: string): Promise<DataDirLock> {
  const deadline = performance.now() + OTHERS_MS;
  for (;;) {
    try {
      return await lockDataDir(home);
    } catch (error) {
      if (!(error instanceof DataDirTaken) || performance.now() > deadline) throw error;
      await pause(25);
    }
  }
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
  if (!(await until(OTHERS_MS, enough))) throw new Error(`${count} sessions never waited for a lock`);
}

function maintain(serverUrl: string, run: (client: pg.Client) => Promise<unknown>): Promise<void> {
  return connected(withDatabase(serverUrl, 'postgres'), run);
}

async function connected(url: string, run: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await run(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
