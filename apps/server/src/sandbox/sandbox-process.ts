import type { Clock, Log } from '@trunkline/core';
import { SupervisedChild } from '../supervise/child-process.js';

export interface SandboxInit {
  readonly journalPath: string;
}

export interface SandboxReady {
  readonly network: { readonly url: string; readonly root: string; readonly ca: string };
  readonly control: { readonly url: string; readonly secret: string };
}

const START_LIMIT_MS = 20_000;

/** Our own sandbox network as a child process, started with its first use. */
export class SandboxProcess {
  readonly #child: SupervisedChild<SandboxInit, SandboxReady>;
  #ready: SandboxReady | null = null;
  readonly #waiting = new Set<(ready: SandboxReady) => void>();
  readonly #clock: Clock;

  constructor(options: { journalPath: string; clock: Clock; log: Log }) {
    const { clock, log, journalPath } = options;
    this.#clock = clock;
    this.#child = new SupervisedChild({
      name: 'sandbox',
      module: new URL(import.meta.url.endsWith('.ts') ? './sandbox-main.ts' : './sandbox-main.js', import.meta.url),
      env: {},
      init: async () => ({ journalPath }),
      onReady: (ready) => {
        this.#ready = ready;
        for (const resolve of this.#waiting) resolve(ready);
        this.#waiting.clear();
      },
      onMessage: (message) => relayLog(log, message),
      onExit: async () => {
        this.#ready = null;
      },
      clock,
      log,
    });
  }

  /** Starts the network when it is not running and answers where it is. */
  use(): Promise<SandboxReady> {
    this.#child.start();
    if (this.#ready !== null) return Promise.resolve(this.#ready);
    return new Promise((resolve, reject) => {
      const done = (ready: SandboxReady) => {
        cancel();
        resolve(ready);
      };
      const cancel = this.#clock.after(START_LIMIT_MS, () => {
        this.#waiting.delete(done);
        reject(new Error('the sandbox network did not start in time; see the log'));
      });
      this.#waiting.add(done);
    });
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

function relayLog(log: Log, message: unknown): void {
  if (typeof message !== 'object' || message === null || !('kind' in message) || message.kind !== 'log') return;
  const { level, message: text = '', fields } = message as { level?: string; message?: string; fields?: object };
  const named = { ...fields, child: 'sandbox' };
  if (level === 'error') log.error(text, named);
  else if (level === 'warn') log.warn(text, named);
  else if (level === 'info') log.info(text, named);
  else log.debug(text, named);
}
