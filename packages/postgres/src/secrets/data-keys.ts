/** The data key of each phone: random, wrapped by the master key in the database, kept unwrapped in a bounded cache. */
import { randomBytes } from 'node:crypto';
import type { Sql } from '../sql/sql.js';
import { KEY_BYTES, open, seal } from './envelope.js';

const CACHED_KEYS = 1_000;

export class DataKeys {
  /** In order of use: the first one is the one that was used longest ago. */
  readonly #cache = new Map<string, Buffer>();

  constructor(
    private readonly sql: Sql,
    private readonly masterKey: Uint8Array,
    private readonly capacity = CACHED_KEYS,
  ) {}

  /** A new data key, wrapped for storing in `phone_keys`. */
  make(phoneId: string): Buffer {
    return seal(this.masterKey, randomBytes(KEY_BYTES), keyPlace(phoneId));
  }

  /** The unwrapped key of a phone; throws when the phone has none (its data was destroyed on purpose). */
  async of(phoneId: string): Promise<Buffer> {
    const key = this.#cache.get(phoneId) ?? (await this.#load(phoneId));
    this.#cache.delete(phoneId);
    this.#cache.set(phoneId, key);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= this.capacity) break;
      this.#cache.delete(oldest);
    }
    return key;
  }

  forget(phoneId: string): void {
    this.#cache.delete(phoneId);
  }

  async #load(phoneId: string): Promise<Buffer> {
    const [row] = await this.sql.rows<{ wrapped_key: Buffer }>(
      { name: 'data-key', text: 'select wrapped_key from phone_keys where phone_id = $1' },
      [phoneId],
    );
    if (row === undefined) throw new Error(`phone ${phoneId} has no data key: its credentials were destroyed`);
    return open(this.masterKey, row.wrapped_key, keyPlace(phoneId));
  }
}

function keyPlace(phoneId: string): string[] {
  return ['data-key', phoneId];
}
