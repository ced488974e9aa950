/** When the heartbeat was last confirmed, in memory that two threads share. */

const MONOTONIC = 0;
const WALL = 1;
const NANOS_PER_MS = 1_000_000n;

/** Memory for one clock; goes to the thread as it is. */
export function clockMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT);
}

/** A moment on both clocks: the monotonic one stands still while a host sleeps, and the wall clock may be set back. */
export interface Moment {
  readonly monotonicMs: bigint;
  readonly wallMs: bigint;
}

export function now(): Moment {
  // Unlike `performance.now`, the same in every thread of a process.
  return { monotonicMs: process.hrtime.bigint() / NANOS_PER_MS, wallMs: BigInt(Date.now()) };
}

export function confirm(memory: SharedArrayBuffer, at: Moment): void {
  const cells = new BigInt64Array(memory);
  Atomics.store(cells, MONOTONIC, at.monotonicMs);
  Atomics.store(cells, WALL, at.wallMs);
}

/** Milliseconds since the last confirmation by the more pessimistic of the two clocks. */
export function confirmedAgoMs(memory: SharedArrayBuffer, at: Moment = now()): number {
  const cells = new BigInt64Array(memory);
  const monotonic = at.monotonicMs - Atomics.load(cells, MONOTONIC);
  const wall = at.wallMs - Atomics.load(cells, WALL);
  return Number(monotonic > wall ? monotonic : wall);
}
