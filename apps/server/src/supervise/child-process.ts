import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Clock, Log } from '@trunkline/core';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 28_000;
const FIRST_RESTART_MS = 200;
const MOST_RESTART_MS = 30_000;
/** A child that ran this long was healthy; its next crash is a first one again. */
const HEALTHY_MS = 60_000;

export interface ChildOptions<Init, Ready> {
  readonly name: string;
  readonly module: URL;
  readonly env: Readonly<Record<string, string>>;
  /** What must be there before the process can be made. */
  readonly before?: () => Promise<void>;
  /** Sent over the private channel, because secrets in an environment can be read by others. Made anew for each start. */
  readonly init: () => Promise<Init>;
  readonly onReady: (ready: Ready) => void;
  readonly onMessage?: (message: unknown) => void;
  /** The process is certainly gone. Awaited before a new one starts. */
  readonly onExit: (expected: boolean) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A child process that is started again with backoff until it is stopped. It ends by itself when we die. */
export class SupervisedChild<Init, Ready> {
  readonly #options: ChildOptions<Init, Ready>;
  #child: ChildProcess | null = null;
  #life: Promise<void> | null = null;
  #stopping = false;
  #interrupt: () => void = () => {};

  constructor(options: ChildOptions<Init, Ready>) {
    this.#options = options;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  start(): void {
    this.#life ??= this.#live();
  }

  /** Asks the child to stop, and insists when it does not. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#interrupt();
    const child = this.#child;
    if (child !== null) {
      if (child.connected) child.send({ kind: 'stop' }, () => {});
      const cancel = this.#options.clock.after(STOP_LIMIT_MS, () => child.kill('SIGKILL'));
      await this.#life;
      cancel();
    }
    await this.#life;
  }

  async #live(): Promise<void> {
    let restartMs = FIRST_RESTART_MS;
    while (!this.#stopping) {
      const startedAt = this.#options.clock.monotonic();
      const code = await this.#runOnce();
      await this.#options.onExit(this.#stopping);
      if (this.#stopping) return;
      const ranMs = this.#options.clock.monotonic() - startedAt;
      restartMs = ranMs > HEALTHY_MS ? FIRST_RESTART_MS : Math.min(MOST_RESTART_MS, restartMs * 2);
      this.#options.log.error('child process ended', { child: this.#options.name, code, restart_ms: restartMs });
      await this.#pause(restartMs);
    }
  }

  async #runOnce(): Promise<string> {
    const { name, module, env, log, clock } = this.#options;
    await this.#options.before?.();
    if (this.#stopping) return 'stopping';
    // Started before its settings are known: loading its programs takes longer than finding them out.
    const child = fork(module, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    const cancelLimit = clock.after(START_LIMIT_MS, () => {
      log.error('child process did not become ready in time', { child: name });
      child.kill('SIGKILL');
    });
    child.on('message', (message) => {
      if (!isMessage(message)) return;
      if (message.kind === 'ready') {
        cancelLimit();
        this.#options.onReady(message.ready as Ready);
      } else this.#options.onMessage?.(message);
    });
    child.on('error', (error) => log.error('child process fault', { child: name, err: error }));
    const exited = once(child, 'exit').catch(() => [null, 'spawn failed']);
    this.#options.init().then(
      (init) => {
        if (child.connected) child.send({ kind: 'init', init }, () => {});
        if (this.#stopping && child.connected) child.send({ kind: 'stop' }, () => {});
      },
      (error: unknown) => {
        log.error('child process cannot start', { child: name, err: error });
        child.kill('SIGKILL');
      },
    );
    const [code, signal] = (await exited) as [number | null, string | null];
    cancelLimit();
    this.#child = null;
    return signal ?? String(code);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isMessage(message: unknown): message is { kind: string; ready?: unknown } {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
