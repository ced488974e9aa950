import { isIPv6 } from 'node:net';
import type { Clock } from '@trunkline/core';
import { LRUCache } from 'lru-cache';

const MOST_FAILURES = 30;
const WITHIN_MS = 60_000;
const ADDRESSES = 10_000;

/** Counts failed sign-ins by address. An IPv6 caller has a whole /64, so that counts as one. */
export class FailureLimit {
  readonly #counts: LRUCache<string, { times: number }>;

  constructor(clock: Clock) {
    const perf = { now: () => clock.monotonic() };
    this.#counts = new LRUCache({ max: ADDRESSES, ttl: WITHIN_MS, ttlResolution: 0, perf });
  }

  isOver(address: string): boolean {
    return (this.#counts.get(callerOf(address))?.times ?? 0) >= MOST_FAILURES;
  }

  count(address: string): void {
    const caller = callerOf(address);
    const known = this.#counts.get(caller);
    // Changing the entry in place keeps its time: the minute starts with the first failure.
    if (known === undefined) this.#counts.set(caller, { times: 1 });
    else known.times += 1;
  }
}

function callerOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  return new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.split(':').slice(0, 4).join(':');
}
