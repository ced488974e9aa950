import type { Log } from '@trunkline/core';
import { type Database, type EmbeddedServer, lockDataDir, openDatabase, startEmbedded } from '@trunkline/postgres';
import type { Config } from './config/config.js';

const API_POOL_SIZE = 10;
const STATEMENT_LIMIT_MS = 15_000;
const GUARD_EVERY_MS = 1_000;

export interface OpenData {
  readonly db: Database;
  /** Where workers connect. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Opens the database of the configuration, starting and guarding the embedded server when there is none. */
export async function openData(config: Config, masterKey: Uint8Array, log: Log): Promise<OpenData> {
  if (config.databaseUrl !== null) {
    const db = await open(config.databaseUrl, masterKey, log);
    return { db, url: config.databaseUrl, stop: () => db.close() };
  }
  const lock = await lockDataDir(config.dataDir);
  const guard = new EmbeddedGuard(config.dataDir, log);
  const url = await guard.start();
  const db = await open(url, masterKey, log);
  return {
    db,
    url,
    async stop() {
      await db.close();
      await guard.stop();
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

/** Starts the embedded server again when it falls; everything else waits for it as for any database that restarts. */
class EmbeddedGuard {
  #server: EmbeddedServer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #starting: Promise<void> | null = null;
  #stopped = false;

  constructor(
    private readonly dataDir: string,
    private readonly log: Log,
  ) {}

  async start(): Promise<string> {
    this.#server = await startEmbedded({ dataDir: this.dataDir, log: this.log });
    this.#timer = setInterval(() => {
      this.#starting ??= this.#look().finally(() => {
        this.#starting = null;
      });
    }, GUARD_EVERY_MS);
    this.#timer.unref();
    return this.#server.url;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#starting;
    await this.#server?.stop();
  }

  async #look(): Promise<void> {
    if (this.#stopped || this.#server === null || (await this.#server.isRunning())) return;
    this.log.error('the embedded database ended; starting it again');
    try {
      this.#server = await startEmbedded({ dataDir: this.dataDir, log: this.log });
    } catch (error) {
      this.log.error('the embedded database does not start', { err: error });
    }
  }
}
