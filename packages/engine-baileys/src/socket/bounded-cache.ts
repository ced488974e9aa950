import type { Clock } from '@trunkline/core';

/**
 * A small cache for the library, made per phone. The library's default keeps a timer and statistics per cache and has
 * no bound; this one costs an empty object until it is used.
 */
export class BoundedCache {
  readonly #maxEntries: number;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  #entries: Map<string, { value: unknown; until: number }> | null = null;

  constructor(maxEntries: number, ttlMs: number, clock: Clock) {
    this.#maxEntries = maxEntries;
    this.#ttlMs = ttlMs;
    this.#clock = clock;
  }

  get<T>(key: string): T | undefined {
    const entry = this.#entries?.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > this.#clock.monotonic()) return entry.value as T;
    this.#entries?.delete(key);
    return undefined;
  }

  set<T>(key: string, value: T): boolean {
    this.#entries ??= new Map();
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.#clock.monotonic() + this.#ttlMs });
    if (this.#entries.size > this.#maxEntries) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    return true;
  }

  del(key: string): number {
    return this.#entries?.delete(key) ? 1 : 0;
  }

  flushAll(): void {
    this.#entries = null;
  }

  mget<T>(keys: string[]): Promise<Record<string, T | undefined>> {
    return Promise.resolve(Object.fromEntries(keys.map((key) => [key, this.get<T>(key)])));
  }

  mset<T>(entries: { key: string; value: T }[]): boolean {
    for (const { key, value } of entries) this.set(key, value);
    return true;
  }

  mdel(keys: string[]): number {
    return keys.filter((key) => this.del(key) === 1).length;
  }
}
