/** Statements and transactions on a pool that survives restarts of the database. */
import type { Log } from '@trunkline/core';
import pg from 'pg';
import { pause } from '../support/until.js';
import { type ConnectionSettings, connectionConfig } from './connection.js';
import { errorMessage, isRefusedForNow, isSerializationLoss, translateError } from './database-error.js';

/** A statement with a name is prepared once per connection. */
export type Statement = string | { readonly name: string; readonly text: string };
export type Values = readonly unknown[];

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

/** One open transaction. Statements are written to the wire at once; only their answers are awaited. */
export class Transaction {
  readonly #client: pg.PoolClient;
  readonly #begun: Promise<unknown>;
  #done = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    // Shares the round trip of the first statement; a failure shows up there as well.
    this.#begun = client.query('begin');
    this.#begun.catch(() => undefined);
  }

  async rows<R extends object>(statement: Statement, values: Values = []): Promise<R[]> {
    const answer = runOn<R>(this.#client, statement, values);
    await Promise.allSettled([answer]);
    await this.#begun;
    return answer;
  }

  /** The last statement: the commit shares its round trip. When it fails, everything is rolled back. */
  async last<R extends object>(statement: Statement, values: Values = []): Promise<R[]> {
    const [answer, committed] = await Promise.allSettled([
      runOn<R>(this.#client, statement, values),
      this.#client.query('commit'),
    ]);
    if (answer.status === 'rejected') throw answer.reason;
    if (committed.status === 'rejected') throw committed.reason;
    this.#finish(committed.value.command);
    return answer.value;
  }

  async commit(): Promise<void> {
    if (this.#done) return;
    this.#finish((await this.#client.query('commit')).command);
  }

  async abandon(dead: boolean): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    const usable =
      !dead &&
      (await this.#client.query('rollback').then(
        () => true,
        () => false,
      ));
    this.#client.release(!usable);
  }

  #finish(command: string): void {
    // An aborted transaction answers COMMIT with ROLLBACK and without an error.
    if (command !== 'COMMIT') throw new Error('the transaction was rolled back by an earlier error');
    this.#done = true;
    this.#client.release();
  }
}

async function runOn<R extends object>(client: pg.PoolClient, statement: Statement, values: Values): Promise<R[]> {
  const config = typeof statement === 'string' ? { text: statement } : statement;
  const result = await client.query<R & pg.QueryResultRow>({ ...config, values: [...values] });
  return result.rows;
}
