import type { Clock } from '@trunkline/core';

export const LATE = Symbol('late');

/** Waits for a promise, but not for ever: resolves with `LATE` when the time is over. */
export async function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | typeof LATE> {
  let cancel: () => void = () => {};
  const late = new Promise<typeof LATE>((resolve) => {
    cancel = clock.after(ms, () => resolve(LATE));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}
