import type { Log } from '@trunkline/core';
import { type Database, type EmbeddedServer, lockDataDir, openDatabase, startEmbedded } from '@trunkline/postgres';
import type { Config } from './config/config.js';

const API_POOL_SIZE = 10;
const STATEMENT_LIMIT_MS = 15_000;

export interface OpenData {
  readonly db: Database;
  /** Where workers connect. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Opens the database of the configuration, with the embedded server when it names none. */
export async function openData(config: Config, masterKey: Uint8Array, log: Log): Promise<OpenData> {
  if (config.databaseUrl !== null) {
    const db = await open(config.databaseUrl, masterKey, log);
    return { db, url: config.databaseUrl, stop: () => db.close() };
  }
  const lock = await lockDataDir(config.dataDir);
  let server: EmbeddedServer | null = null;
  try {
    const embedded = await startEmbedded({ dataDir: config.dataDir, log, supervise: true });
    server = embedded;
    const db = await open(embedded.url, masterKey, log);
    return {
      db,
      url: embedded.url,
      async stop() {
        await db.close();
        await embedded.stop();
        await lock.release();
      },
    };
  } catch (error) {
    // A start that fails leaves no database behind that nobody stops.
    await server?.stop();
    await lock.release();
    throw error;
  }
}

async function open(url: string, masterKey: Uint8Array, log: Log): Promise<Database> {
  const db = await openDatabase({
    url,
    masterKey,
    poolSize: API_POOL_SIZE,
    applicationName: 'trunkline api',
    statementTimeoutMs: STATEMENT_LIMIT_MS,
    log,
  });
  try {
    const { applied } = await db.migrate();
    if (applied.length > 0) log.info('database migrated', { applied });
  } catch (error) {
    await db.close();
    throw error;
  }
  return db;
}
