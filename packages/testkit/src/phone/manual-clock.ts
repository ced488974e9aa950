import type { Clock } from '@trunkline/core';

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #wallMs: number;
  #steadyMs = 1_000;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#steadyMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#steadyMs + Math.max(0, ms), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that have not run; a test that leaves some has found a leak. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time pass: runs what falls due in order, and everything that follows from it before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#steadyMs + ms;
    await settled();
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      const timer = next;
      this.#timers = this.#timers.filter((other) => other !== timer);
      this.#moveTo(Math.max(this.#steadyMs, timer.at));
      timer.run();
      await settled();
    }
    this.#moveTo(end);
    await settled();
  }

  /** Somebody sets the wall clock: no time passes. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  #nextUntil(end: number) {
    return this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }

  #moveTo(steadyMs: number): void {
    this.#wallMs += steadyMs - this.#steadyMs;
    this.#steadyMs = steadyMs;
  }
}

/** Resolves when nothing more happens without the passing of time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
