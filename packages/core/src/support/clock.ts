/** Time as a dependency, so that tests decide what passes. Milliseconds. */
export interface Clock {
  /** Wall clock, for what people see. */
  now(): number;
  /** Never jumps; for durations. */
  monotonic(): number;
  /** Runs once after `ms`; returns the way to cancel. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
