import type { ObjectStorage } from '@trunkline/core';

/** `ObjectStorage` in memory, for tests. */
export class MemoryStorage implements ObjectStorage {
  readonly #objects = new Map<string, { body: Uint8Array; contentType: string }>();

  async put(key: string, body: Uint8Array, contentType: string): Promise<void> {
    this.#objects.set(key, { body, contentType });
  }

  async get(key: string): Promise<{ body: Uint8Array; contentType: string } | null> {
    return this.#objects.get(key) ?? null;
  }

  async delete(key: string): Promise<void> {
    this.#objects.delete(key);
  }

  async exists(key: string): Promise<boolean> {
    return this.#objects.has(key);
  }
}
