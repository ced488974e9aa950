import type { Clock } from './clock.js';

/** Less than this is drift that the system corrects by itself. */
const SMALLEST_JUMP_MS = 1_000;

/** Notices that somebody set the wall clock, or that the machine slept. */
export class ClockJump {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  /** Milliseconds that the wall clock has jumped since the last call; 0 when it has not. */
  take(): number {
    const offsetMs = this.#clock.now() - this.#clock.monotonic();
    const jumpedMs = offsetMs - this.#offsetMs;
    if (Math.abs(jumpedMs) < SMALLEST_JUMP_MS) return 0;
    this.#offsetMs = offsetMs;
    return jumpedMs;
  }
}
