/** Statements and transactions on a pool that survives restarts of the database. */
import type { Log } from '@trunkline/core';
import pg from 'pg';
import { pause } from '../support/until.js';
import { type ConnectionSettings, connectionConfig } from './connection.js';
import { errorMessage, isRefusedForNow, isSerializationLoss, translateError } from './database-error.js';
import { runOn, type Statement, Transaction, type Values } from './transaction.js';

const RUNS_AFTER_CONFLICT = 4;
const CHECKOUT_PAUSE_MS = 200;

export interface PoolSettings extends ConnectionSettings {
  readonly poolSize: number;
  /** A database that is away, for example restarting, is awaited this long. */
  readonly patienceMs: number;
}

export class Sql {
  readonly #pool: pg.Pool;
  readonly #log: Log;
  readonly #patienceMs: number;

  constructor(settings: PoolSettings, log: Log) {
    this.#log = log;
    this.#patienceMs = settings.patienceMs;
    this.#pool = new pg.Pool({
      ...connectionConfig(settings),
      max: settings.poolSize,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
    });
    this.#pool.on('error', (error) => log.warn('idle database connection lost', { error: errorMessage(error) }));
    // A client that is checked out but between two statements reports its death only here.
    this.#pool.on('connect', (client) => {
      client.on('error', (error) => log.debug('database connection lost', { error: errorMessage(error) }));
    });
  }

  /** Runs one statement in its own transaction. */
  async rows<R extends object>(statement: Statement, values: Values = []): Promise<R[]> {
    for (let left = RUNS_AFTER_CONFLICT; ; left--) {
      const client = await this.#checkout();
      try {
        const rows = await runOn<R>(client, statement, values);
        client.release();
        return rows;
      } catch (error) {
        // After a failed single statement the connection is either idle again or dead.
        client.release(isRefusedForNow(error));
        if (left > 1 && isSerializationLoss(error)) continue;
        throw translateError(error);
      }
    }
  }

  /**
   * Runs a transaction (read committed). When it loses against another one it is run again from the start, so `run`
   * must have no effects of its own.
   */
  async transaction<T>(run: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let left = RUNS_AFTER_CONFLICT; ; left--) {
      const tx = new Transaction(await this.#checkout());
      try {
        const result = await run(tx);
        await tx.commit();
        return result;
      } catch (error) {
        await tx.abandon(isRefusedForNow(error));
        if (left > 1 && isSerializationLoss(error)) continue;
        throw translateError(error);
      }
    }
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }

  /** Waits for a connection while the database restarts: nothing was sent yet, so trying again is always safe. */
  async #checkout(): Promise<pg.PoolClient> {
    const deadline = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return await this.#pool.connect();
      } catch (error) {
        if (this.#pool.ending || !isRefusedForNow(error) || performance.now() > deadline) throw translateError(error);
        this.#log.debug('database is not reachable yet', { error: errorMessage(error) });
        await pause(CHECKOUT_PAUSE_MS);
      }
    }
  }
}
