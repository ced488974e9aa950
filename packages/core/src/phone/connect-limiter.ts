import type { Clock } from '../support/clock.js';

export interface ConnectLimits {
  /** Sessions being opened at the same time. */
  readonly inFlight: number;
  /** Openings begun per second; null = no limit. */
  readonly perSecond: number | null;
}

interface Entry {
  readonly begin: () => void;
  readonly isUrgent: boolean;
  place: 'waiting' | 'begun' | 'left';
}

/** Lets a fleet of phones open at a bounded rate, first come first served, people first. One per worker. */
export class ConnectLimiter {
  readonly #clock: Clock;
  readonly #limits: ConnectLimits;
  readonly #waiting: Entry[] = [];
  #inFlight = 0;
  #nextAt = 0;
  #held = false;
  #permits = 0;
  #cancelTimer: () => void = () => {};

  constructor(clock: Clock, limits: ConnectLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Phones whose turn has not come. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Calls `begin` when it is this phone's turn; an urgent one, for which a person waits, goes before the others. The
   * returned function ends the turn, or leaves the queue; repeatable.
   */
  enter(begin: () => void, isUrgent = false): () => void {
    const entry: Entry = { begin, isUrgent, place: 'waiting' };
    const firstOther = isUrgent ? this.#waiting.findIndex((other) => !other.isUrgent) : -1;
    this.#waiting.splice(firstOther === -1 ? this.#waiting.length : firstOther, 0, entry);
    this.#pump();
    return () => this.#leave(entry);
  }

  /** Nobody begins until `release`, but for those that `letOne` lets through. */
  hold(): void {
    this.#held = true;
    this.#permits = 0;
  }

  /** Lets one phone begin while the others are held: the first that waits, or the next that comes. */
  letOne(): void {
    this.#permits = 1;
    this.#pump();
  }

  release(): void {
    this.#held = false;
    this.#pump();
  }

  #leave(entry: Entry): void {
    if (entry.place === 'left') return;
    if (entry.place === 'begun') this.#inFlight -= 1;
    else this.#waiting.splice(this.#waiting.indexOf(entry), 1);
    entry.place = 'left';
    this.#pump();
  }

  #pump(): void {
    this.#cancelTimer();
    while (this.#waiting.length > 0 && this.#inFlight < this.#limits.inFlight) {
      if (this.#held && this.#permits === 0) return;
      const now = this.#clock.monotonic();
      if (now < this.#nextAt) {
        this.#cancelTimer = this.#clock.after(this.#nextAt - now, () => this.#pump());
        return;
      }
      this.#begin(now);
    }
  }

  #begin(now: number): void {
    const entry = this.#waiting.shift();
    if (entry === undefined) return;
    if (this.#held) this.#permits -= 1;
    this.#inFlight += 1;
    if (this.#limits.perSecond !== null) this.#nextAt = now + 1_000 / this.#limits.perSecond;
    entry.place = 'begun';
    entry.begin();
  }
}
