/**
 * Finds the position up to which the event log is final. Positions are drawn from a sequence before the commit, so a
 * later position can be visible while an earlier one is still to come, or never comes because of a rollback.
 */

import type { Sql } from '../sql/sql.js';
import { pause } from '../support/until.js';

/** Everything up to `upTo` is final once no transaction older than `transaction` is running. */
interface Barrier {
  readonly upTo: number;
  readonly transaction: bigint;
}

/** One snapshot: the oldest running transaction, and the positions visible after the settled one. */
interface Look {
  readonly oldest_running: string;
  readonly top: number | null;
  readonly positions: number[];
}

const POSITIONS_PER_LOOK = 2_000;
/** The first answer waits a little for whoever was writing at the start, so that it is rarely empty for no good reason. */
const FIRST_READ_MS = 5_000;
const FIRST_READ_STEP_MS = 20;

const LOOK = {
  name: 'events-look',
  text: `
    select pg_snapshot_xmin(pg_current_snapshot())::text as oldest_running,
      (select max(position) from events) as top,
      array(select position from events where position > $1 order by position limit ${POSITIONS_PER_LOOK})::float8[] as positions`,
};

export class SettledPosition {
  #settled = 0;
  #barrier: Barrier | null = null;
  /** At start everything visible is one gap: whoever was writing then must finish first. */
  #started = false;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(private readonly sql: Sql) {}

  /** The final position as of now: it covers everything that was committed before the call and has no open gap before it. */
  async read(): Promise<number> {
    await this.#advanceAfterNow();
    return this.#settled;
  }

  /** Callers share a look, but never one that began before they came. */
  #advanceAfterNow(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#advance().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.#advanceAfterNow();
      });
    return this.#next;
  }

  async #advance(): Promise<void> {
    const firstDeadline = performance.now() + FIRST_READ_MS;
    for (;;) {
      const look = await this.#look();
      this.#passBarrier(BigInt(look.oldest_running));
      if (this.#started) {
        this.#settled = contiguous(this.#settled, look.positions);
        if ((look.top ?? 0) <= this.#settled) return;
        // A full page without a gap: there is more to see.
        if (look.positions.length === POSITIONS_PER_LOOK && (look.positions.at(-1) ?? 0) <= this.#settled) continue;
      }
      if (this.#barrier === null) await this.#raiseBarrier(look.top ?? 0);
      else if (this.#started || performance.now() > firstDeadline) return;
      else await pause(FIRST_READ_STEP_MS);
    }
  }

  #passBarrier(oldestRunning: bigint): void {
    if (this.#barrier === null || oldestRunning < this.#barrier.transaction) return;
    this.#settled = Math.max(this.#settled, this.#barrier.upTo);
    this.#barrier = null;
    this.#started = true;
  }

  async #look(): Promise<Look> {
    // Before the start nothing is known, so there is no use in listing positions.
    const after = this.#started ? this.#settled : Number.MAX_SAFE_INTEGER;
    const [look] = await this.sql.rows<Look>(LOOK, [after]);
    if (look === undefined) throw new Error('the event log did not answer');
    return look;
  }

  /**
   * Draws a transaction id of its own. Whoever drew a position up to `upTo` has an older one, because `upTo` was visible
   * before and writers have their id before they draw (see the schema).
   */
  async #raiseBarrier(upTo: number): Promise<void> {
    const [row] = await this.sql.rows<{ id: string }>('select pg_current_xact_id()::text as id');
    if (row === undefined) throw new Error('the event log did not answer');
    this.#barrier = { upTo, transaction: BigInt(row.id) };
  }
}

/** The end of the unbroken run that follows `from`. */
function contiguous(from: number, positions: readonly number[]): number {
  let end = from;
  for (const position of positions) {
    if (position > end + 1) break;
    end = Math.max(end, position);
  }
  return end;
}
