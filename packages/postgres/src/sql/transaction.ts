/** One open transaction on one connection. */
import type pg from 'pg';

/** A statement with a name is prepared once per connection. */
export type Statement = string | { readonly name: string; readonly text: string };
export type Values = readonly unknown[];

/** Statements are written to the wire at once; only their answers are awaited. */
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

/** Runs one statement on a connection. */
export async function runOn<R extends object>(
  client: pg.PoolClient,
  statement: Statement,
  values: Values,
): Promise<R[]> {
  const config = typeof statement === 'string' ? { text: statement } : statement;
  const result = await client.query<R & pg.QueryResultRow>({ ...config, values: [...values] });
  return result.rows;
}
