import type { CrashPoint } from '@trunkline/core';

/**
 * Ends this process at a named moment between two commits: `TRUNKLINE_CRASH_AT=after-state:3` kills it the third time
 * that moment comes. For tests that prove that nothing is lost; without the variable it costs one comparison.
 */
const [point, nth] = (process.env.TRUNKLINE_CRASH_AT ?? '').split(':');
let left = Number(nth ?? '1');

export function crashAt(here: CrashPoint): void {
  if (here !== point) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
