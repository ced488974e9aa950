import type { EngineClose } from '@trunkline/core';

/** Limits of the silence that a socket may keep before it counts as dead. */
export interface WatchLimits {
  readonly connectTimeoutMs: number;
  readonly halfOpenMs: number;
  readonly deafMs: number;
}

/** What one socket did last, and what that says about it. No timers of its own: `verdict` is asked now and then. */
export class SocketWatch {
  readonly #limits: WatchLimits;
  readonly #startedAt: number;
  #lastFrameAt: number | null = null;
  #isUseful = false;
  #waiting = 0;
  #lastProgressAt = 0;

  constructor(limits: WatchLimits, nowMs: number) {
    this.#limits = limits;
    this.#startedAt = nowMs;
  }

  /** A frame of the server was decoded. */
  frame(nowMs: number): void {
    this.#lastFrameAt = nowMs;
  }

  /** The socket is open or offers a pairing: the attempt to connect has succeeded. */
  useful(): void {
    this.#isUseful = true;
  }

  stanzaIn(nowMs: number): void {
    if (this.#waiting === 0) this.#lastProgressAt = nowMs;
    this.#waiting += 1;
  }

  stanzaDone(nowMs: number): void {
    this.#waiting -= 1;
    this.#lastProgressAt = nowMs;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Why the socket must end now, or null while it may live. */
  verdict(nowMs: number): EngineClose | null {
    if (!this.#isUseful) {
      return nowMs - this.#startedAt >= this.#limits.connectTimeoutMs ? { source: 'connect-timeout' } : null;
    }
    if (this.#lastFrameAt !== null && nowMs - this.#lastFrameAt >= this.#limits.halfOpenMs) {
      return { source: 'half-open' };
    }
    if (this.#waiting > 0 && nowMs - this.#lastProgressAt >= this.#limits.deafMs) return { source: 'deaf' };
    return null;
  }
}
