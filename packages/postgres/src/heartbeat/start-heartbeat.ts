/** Keeps the heartbeat of a node from a thread of its own, and lets the main thread read its age without waiting. */
import { Worker } from 'node:worker_threads';
import type { Log } from '@trunkline/core';
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
  #onFirstBeat: () => void = () => undefined;

  constructor(options: HeartbeatOptions, memory: SharedArrayBuffer) {
    this.#options = options;
    this.#memory = memory;
    this.#worker = this.#launch();
  }

  firstBeat(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const why = this.#gone ? 'the node is not registered' : (this.#lastError ?? 'the database does not answer');
        reject(new Error(`the heartbeat of node ${this.#options.nodeId} cannot be written: ${why}`));
      }, withinMs);
      this.#onFirstBeat = () => {
        clearTimeout(timer);
        resolve();
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
    const order: HeartbeatOrder = { url, nodeId, everyMs, statementTimeoutMs, memory: this.#memory };
    const worker = new Worker(workerFile(), { workerData: order, resourceLimits: MEMORY_MB, ...workerFlags() });
    worker.unref();
    worker.on('message', (news: HeartbeatNews) => this.#hear(news));
    worker.on('error', (error) => this.#options.log.error('heartbeat thread failed', { error: error.message }));
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
    if (news.kind === 'beat') this.#onFirstBeat();
    if (news.kind === 'failed') {
      this.#lastError = news.error;
      this.#options.log.warn('heartbeat failed', { error: news.error, ago: confirmedAgoMs(this.#memory) });
    }
    if (news.kind === 'gone' && !this.#gone) {
      this.#gone = true;
      this.#options.onGone();
    }
  }
}

const FROM_SOURCES = import.meta.url.endsWith('.ts');

function workerFile(): URL {
  return new URL(`./heartbeat-worker.${FROM_SOURCES ? 'ts' : 'js'}`, import.meta.url);
}

/** Threads do not inherit how a development server or test runner reads TypeScript. */
function workerFlags(): { execArgv?: string[] } {
  return FROM_SOURCES ? { execArgv: ['--import', 'tsx'] } : {};
}
