/** Keeps the heartbeat of a node from a thread of its own, and lets the main thread read its age without waiting. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Log } from '@trunkline/core';
import { BEAT } from '../lease/node-life.js';
import { clockMemory, confirm, confirmedAgoMs, now } from './heartbeat-clock.js';
import type { HeartbeatNews, HeartbeatOrder } from './heartbeat-worker.js';

export interface HeartbeatOptions {
  readonly url: string;
  /** Of a registered node. */
  readonly nodeId: string;
  readonly everyMs: number;
  readonly statementTimeoutMs: number;
  readonly log: Log;
  /** The node's row is gone: somebody declared it dead. Called once; its phones may be taken at any moment. */
  readonly onGone: () => void;
}

export interface Heartbeat {
  /**
   * Age of the last confirmation, by the more pessimistic of monotonic and wall clock. Synchronous: it tells the truth
   * also when this thread was blocked for long.
   */
  lastConfirmedAgoMs(): number;
  stop(): Promise<void>;
}

const RESTART_MS = 1_000;
const MEMORY_MB = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** Resolves after the first confirmed heartbeat; fails when that does not come within two statement timeouts. */
export async function startHeartbeat(options: HeartbeatOptions): Promise<Heartbeat> {
  const memory = clockMemory();
  // Nothing is confirmed yet; the deadline of the first beat counts from here.
  confirm(memory, now());
  const thread = new HeartbeatThread(options, memory);
  try {
    await thread.firstBeat(options.statementTimeoutMs * 2);
  } catch (error) {
    await thread.stop();
    throw error;
  }
  return { lastConfirmedAgoMs: () => confirmedAgoMs(memory), stop: () => thread.stop() };
}

class HeartbeatThread {
  readonly #options: HeartbeatOptions;
  readonly #memory: SharedArrayBuffer;
  #worker: Worker;
  #restart: NodeJS.Timeout | null = null;
  #stopped = false;
  #gone = false;
  #lastError: string | null = null;
  #onFirst: ((news: 'beat' | 'gone') => void) | null = null;

  constructor(options: HeartbeatOptions, memory: SharedArrayBuffer) {
    this.#options = options;
    this.#memory = memory;
    this.#worker = this.#launch();
  }

  firstBeat(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (why: string) =>
        reject(new Error(`the heartbeat of node ${this.#options.nodeId} cannot be written: ${why}`));
      const timer = setTimeout(() => refuse(this.#lastError ?? 'the database does not answer'), withinMs);
      this.#onFirst = (news) => {
        clearTimeout(timer);
        if (news === 'beat') resolve();
        else refuse('the node is not registered');
      };
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#worker.terminate();
  }

  #launch(): Worker {
    const { url, nodeId, everyMs, statementTimeoutMs } = this.#options;
    const order: HeartbeatOrder = { url, nodeId, statement: BEAT, everyMs, statementTimeoutMs, memory: this.#memory };
    const worker = launchThread(order);
    worker.unref();
    worker.on('message', (news: HeartbeatNews) => this.#hear(news));
    worker.on('error', (error) => {
      this.#lastError = error.message;
      this.#options.log.error('heartbeat thread failed', { error: error.message });
    });
    worker.on('exit', () => {
      if (this.#stopped) return;
      this.#restart = setTimeout(() => {
        this.#worker = this.#launch();
      }, RESTART_MS);
    });
    return worker;
  }

  #hear(news: HeartbeatNews): void {
    if (this.#stopped) return;
    if (news.kind === 'failed') {
      this.#lastError = news.error;
      this.#options.log.warn('heartbeat failed', { error: news.error, ago_ms: confirmedAgoMs(this.#memory) });
      return;
    }
    const first = this.#onFirst;
    this.#onFirst = null;
    if (first !== null) first(news.kind);
    else if (news.kind === 'gone' && !this.#gone) {
      this.#gone = true;
      this.#options.onGone();
    }
  }
}

function launchThread(order: HeartbeatOrder): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    const file = new URL('./heartbeat-worker.js', import.meta.url);
    return new Worker(file, { workerData: order, resourceLimits: MEMORY_MB });
  }
  // Running from sources: a new thread does not know yet how to read TypeScript.
  const loader = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/cjs$/, 'mjs'),
  ).href;
  const file = new URL('./heartbeat-worker.ts', import.meta.url).href;
  const load = `import(${JSON.stringify(loader)}).then((tsx) => (tsx.register(), import(${JSON.stringify(file)})))`;
  return new Worker(load, { eval: true, workerData: order });
}
