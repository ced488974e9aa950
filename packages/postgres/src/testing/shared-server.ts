/** The embedded server that all test files of a run share, with a migrated template database. */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { type DataDirLock, DataDirTaken, lockDataDir } from '../embedded/lock-data-dir.js';
import { startEmbedded } from '../embedded/start-embedded.js';
import { readMigrations } from '../migrate/migration-files.js';
import { openDatabase } from '../open-database.js';
import { pause } from '../support/until.js';
import { silentLog } from './silent-log.js';
import { TEST_HOME } from './test-home.js';

/** One key for every test database, because they are clones of one template. */
export const MASTER_KEY = createHash('sha256').update('master key of the test databases').digest();
const OTHERS_MS = 60_000;

let shared: Promise<{ serverUrl: string; template: string }> | null = null;

/** Starts the server when this is the first user of the run. */
export function sharedServer(): Promise<{ serverUrl: string; template: string }> {
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

/** Runs on the maintenance database of the server. */
export function maintain(serverUrl: string, run: (client: pg.Client) => Promise<unknown>): Promise<void> {
  return connected(withDatabase(serverUrl, 'postgres'), run);
}

/** Runs on a connection of its own. */
export async function connected(url: string, run: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await run(client);
  } finally {
    await client.end();
  }
}

/** The same server, another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
