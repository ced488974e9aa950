import type { Clock } from '../support/clock.js';

export interface ConnectLimits {
  /** Sessions being opened at the same time. */
  readonly inFlight: number;
  /** Openings begun per second; null = no limit. */
  readonly perSecond: number | null;
}

/** Lets a fleet of phones open at a bounded rate, first come first served. One per worker. */
export class ConnectLimiter {
  readonly #clock: Clock;
  readonly #limits: ConnectLimits;
  readonly #waiting: { begin: () => void }[] = [];
  #inFlight = 0;
  #nextAt = 0;
  #cancelTimer: (() => void) | null = null;
  #pausedUntil = 0;

  constructor(clock: Clock, limits: ConnectLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Calls `begin` when it is this phone's turn. The returned function ends the turn, or leaves the queue; repeatable. */
  enter(begin: () => void): () => void {
    let state: 'waiting' | 'begun' | 'left' = 'waiting';
    const entry = {
      begin: () => {
        state = 'begun';
        begin();
      },
    };
    this.#waiting.push(entry);
    this.#pump();
    return () => {
      if (state === 'left') return;
      if (state === 'begun') this.#inFlight -= 1;
      else this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      state = 'left';
      this.#pump();
    };
  }

  /** Nobody begins before that moment of the monotonic clock. */
  pauseUntil(monotonicMs: number): void {
    this.#pausedUntil = monotonicMs;
    this.#pump();
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.#limits.inFlight) {
      const now = this.#clock.monotonic();
      const at = Math.max(this.#nextAt, this.#pausedUntil);
      if (now < at) {
        this.#wait(at - now);
        return;
      }
      const entry = this.#waiting.shift();
      if (entry === undefined) return;
      this.#inFlight += 1;
      if (this.#limits.perSecond !== null) this.#nextAt = Math.max(now, this.#nextAt) + 1_000 / this.#limits.perSecond;
      entry.begin();
    }
  }

  #wait(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#cancelTimer = null;
      this.#pump();
    });
  }
}
