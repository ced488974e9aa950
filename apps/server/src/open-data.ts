import type { Log } from '@trunkline/core';
import { type Database, lockDataDir, openDatabase, startEmbedded } from '@trunkline/postgres';
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
  const server = await startEmbedded({ dataDir: config.dataDir, log, supervise: true });
  const db = await open(server.url, masterKey, log);
  return {
    db,
    url: server.url,
    async stop() {
      await db.close();
      await server.stop();
      await lock.release();
    },
  };
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
  const { applied } = await db.migrate();
  if (applied.length > 0) log.info('database migrated', { applied });
  return db;
}
