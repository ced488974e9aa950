import type { Clock } from '@trunkline/core';
import { HttpError } from './http-error.js';

export const REQUESTS_PER_SECOND = 100;

export interface RateState {
  readonly headers: Readonly<Record<string, string>>;
  readonly isOver: boolean;
}

/** Counts requests by caller within each second of the clock. What it keeps is one second's callers, so it has its bound. */
export class RateLimit {
  #second = 0;
  readonly #counts = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  take(caller: string): RateState {
    const second = Math.floor(this.clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#counts.clear();
    }
    const count = (this.#counts.get(caller) ?? 0) + 1;
    this.#counts.set(caller, count);
    return {
      isOver: count > REQUESTS_PER_SECOND,
      headers: {
        'X-RateLimit-Limit': String(REQUESTS_PER_SECOND),
        'X-RateLimit-Remaining': String(Math.max(0, REQUESTS_PER_SECOND - count)),
        'X-RateLimit-Reset': String(second + 1),
      },
    };
  }
}

export function overRateLimit(): HttpError {
  return new HttpError('RATE_LIMIT_ERROR', `You can only make ${REQUESTS_PER_SECOND} requests per second`, {
    headers: { 'retry-after': '1' },
  });
}
