import type { Clock } from './clock.js';
import { DomainError } from './errors.js';

const FIRST_RETRY_MS = 100;
const MOST_RETRY_MS = 2_000;

export interface MailboxHooks {
  /** A task ended with this error. */
  readonly onFault: (error: unknown) => void;
  /** A step failed and is tried again. */
  readonly onRetry: (error: unknown, attempt: number) => void;
}

/** Runs tasks one after another: the next begins when the last is over, however it ended. */
export class Mailbox {
  readonly #clock: Clock;
  readonly #hooks: MailboxHooks;
  readonly #tasks: { run: () => Promise<void>; done: () => void }[] = [];
  #running = false;
  #closed = false;
  #wakeUp: () => void = () => {};
  #reportIdle: () => void = () => {};

  constructor(clock: Clock, hooks: MailboxHooks) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Tasks that have not begun. */
  get waiting(): number {
    return this.#tasks.length;
  }

  /** Resolves when the task is over, whether it succeeded, failed or was dropped by `close`. Never rejects. */
  post(run: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((done) => {
      this.#tasks.push({ run, done });
      if (!this.#running) void this.#drain();
    });
  }

  /**
   * For use inside a task: repeats a step that fails for want of a dependency (any error that is not a domain error)
   * until it succeeds, the attempts are spent or the mailbox closes. The step must be repeatable.
   */
  async insist<T>(step: () => Promise<T>, attempts = Number.POSITIVE_INFINITY): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await step();
      } catch (error) {
        if (error instanceof DomainError || attempt >= attempts || this.#closed) throw error;
        this.#hooks.onRetry(error, attempt);
        await this.#pause(Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)));
        if (this.#closed) throw error;
      }
    }
  }

  /** Drops what has not begun, ends the retries of what has, and resolves when nothing runs. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#tasks.splice(0)) task.done();
    this.#wakeUp();
    if (!this.#running) return;
    await new Promise<void>((resolve) => {
      const before = this.#reportIdle;
      this.#reportIdle = () => {
        before();
        resolve();
      };
    });
  }

  // The flag is set before the first task runs, because a task may post another one before its first await.
  async #drain(): Promise<void> {
    this.#running = true;
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      try {
        await task.run();
      } catch (error) {
        this.#hooks.onFault(error);
      } finally {
        task.done();
      }
    }
    this.#running = false;
    this.#reportIdle();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#wakeUp = () => {
        cancel();
        resolve();
      };
    });
  }
}
