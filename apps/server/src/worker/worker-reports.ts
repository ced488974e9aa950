import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Transition } from '@trunkline/core';
import type { WorkerReport } from './worker-init.js';

const REPORT_EVERY_MS = 5_000;
const LOOP_SAMPLE_MS = 20;

/** Tells the supervisor how the worker is. */
export class WorkerReports {
  readonly #side: { tell(message: WorkerReport & Readonly<Record<string, unknown>>): void };
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  #ended: Record<string, number> = {};
  #timer: NodeJS.Timeout | null = null;

  constructor(side: { tell(message: { readonly kind: string } & Readonly<Record<string, unknown>>): void }) {
    this.#side = side;
  }

  count(done: Transition): void {
    if (done.ended === null) return;
    this.#ended[done.ended.code] = (this.#ended[done.ended.code] ?? 0) + 1;
  }

  start(phones: () => number): void {
    this.#loop.enable();
    this.#timer = setInterval(() => this.#report(phones()), REPORT_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#loop.disable();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #report(phones: number): void {
    const loopDelayP99Ms = this.#loop.percentile(99) / 1e6;
    this.#loop.reset();
    const ended = this.#ended;
    this.#ended = {};
    this.#side.tell({ kind: 'report', phones, loopDelayP99Ms, rssBytes: process.memoryUsage.rss(), ended });
  }
}
