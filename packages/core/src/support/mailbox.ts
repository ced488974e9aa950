import type { Clock } from './clock.js';
import { DomainError } from './errors.js';

const FIRST_RETRY_MS = 100;
const MOST_RETRY_MS = 2_000;

/**
 * Runs tasks one after another. A task that fails for want of a dependency (any error that is not a domain error) is
 * tried again until it succeeds or the mailbox closes, so tasks must be repeatable; a domain error is reported instead.
 */
export class Mailbox {
  readonly #clock: Clock;
  readonly #onFault: (error: unknown, attempt: number) => void;
  readonly #tasks: { run: () => Promise<void>; done: () => void }[] = [];
  #running: Promise<void> | null = null;
  #closed = false;
  #wakeUp: () => void = () => {};

  constructor(clock: Clock, onFault: (error: unknown, attempt: number) => void) {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** Tasks that have not begun. */
  get waiting(): number {
    return this.#tasks.length;
  }

  /** Resolves when the task is over, whether it succeeded, was reported or was dropped by `close`. Never rejects. */
  post(run: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((done) => {
      this.#tasks.push({ run, done });
      this.#running ??= this.#drain();
    });
  }

  /** Drops what has not begun, ends the retries of what has, and resolves when nothing runs. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#tasks.splice(0)) task.done();
    this.#wakeUp();
    await this.#running;
  }

  async #drain(): Promise<void> {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      await this.#insist(task.run);
      task.done();
    }
    this.#running = null;
  }

  async #insist(run: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run();
      } catch (error) {
        this.#onFault(error, attempt);
        if (error instanceof DomainError || this.#closed) return;
        await this.#pause(Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)));
        if (this.#closed) return;
      }
    }
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
