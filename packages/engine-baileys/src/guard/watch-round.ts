import type { Clock } from '@trunkline/core';

/** Looked at every few seconds for as long as it is on the round. */
export interface Watched {
  watch(nowMs: number): void;
}

const ROUND_MS = 2_000;

/** One timer for the watchdogs of all phones. It runs only while there is somebody to watch. */
export class WatchRound {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #isTicking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#tick();
  }

  remove(watched: Watched): void {
    this.#watched.delete(watched);
  }

  #tick(): void {
    this.#clock.after(ROUND_MS, () => {
      const now = this.#clock.monotonic();
      for (const watched of [...this.#watched]) watched.watch(now);
      if (this.#watched.size > 0) return this.#tick();
      this.#isTicking = false;
    });
  }
}
