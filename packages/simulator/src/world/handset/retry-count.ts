/** How often something was tried again, so that two sides who never understand each other stop asking. */

const MAX_ATTEMPTS = 5;
const MAX_REMEMBERED = 10_000;

export class RetryCount {
  #attempts = new Map<string, number>();

  /** Counts one more attempt; undefined when there were enough. */
  next(key: string): number | undefined {
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    if (attempt > MAX_ATTEMPTS) return undefined;
    if (this.#attempts.size >= MAX_REMEMBERED) this.#attempts.clear();
    this.#attempts.set(key, attempt);
    return attempt;
  }

  clear(key: string): void {
    this.#attempts.delete(key);
  }
}
