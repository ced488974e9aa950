/** Wakes other processes: one coalesced NOTIFY outside any transaction, because a commit with NOTIFY takes a global lock. */
import type { Log } from '@trunkline/core';
import { errorMessage } from '../sql/database-error.js';
import type { Sql } from '../sql/sql.js';

export type WakeChannel = 'events' | 'commands' | 'phones';
export type Wake = (channel: WakeChannel) => void;

/** The channel of PostgreSQL that carries all wakes; the payload is ours. */
export const NOTIFY_CHANNEL = 'trunkline';
const COALESCE_MS = 15;

/** Collects wakes for a moment and sends each channel once. A wake that is lost costs its readers one poll. */
export class WakeSender {
  readonly #pending = new Set<WakeChannel>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly sql: Sql,
    private readonly log: Log,
  ) {}

  readonly wake: Wake = (channel) => {
    this.#pending.add(channel);
    this.#timer ??= setTimeout(() => void this.flush(), COALESCE_MS);
  };

  /** Sends what waits now. Never throws. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#pending.size === 0) return;
    const channels = [...this.#pending];
    this.#pending.clear();
    try {
      await this.sql.rows({ name: 'wake', text: 'select pg_notify($1, c) from unnest($2::text[]) as c' }, [
        NOTIFY_CHANNEL,
        channels,
      ]);
    } catch (error) {
      this.log.debug('wake was not sent; readers poll', { error: errorMessage(error) });
    }
  }
}
