import type { Clock, Log } from '@trunkline/core';

const EVERY_MS = 60_000;

/** Removes what has been kept long enough, a bounded number of rows a minute. Several processes may do it at once. */
export class Tidying {
  #cancelTimer: () => void = () => {};
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(
    private readonly deps: {
      readonly tidy: () => Promise<Readonly<Record<string, number>>>;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  start(): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.deps.clock.after(EVERY_MS, () => {
      this.#running = this.#tidyOnce().then(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#running;
  }

  async #tidyOnce(): Promise<void> {
    try {
      const removed = Object.entries(await this.deps.tidy()).filter(([, rows]) => rows > 0);
      if (removed.length > 0) this.deps.log.info('old rows removed', Object.fromEntries(removed));
    } catch (error) {
      this.deps.log.warn('old rows could not be removed, trying again in a minute', { err: error });
    }
  }
}
