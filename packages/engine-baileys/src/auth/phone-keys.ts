import type { KeyRow } from '@trunkline/core';
import type { SignalDataSet, SignalDataTypeMap } from 'baileys';
import { decodeKey, encodeKey, isKeyKind, type KeyKind } from './key-codec.js';
import type { Change, SessionWriter } from './session-writer.js';
import type { SteadyStore } from './steady-store.js';

/** Rows kept in memory per phone. A session row is about 1 kB, so a busy phone holds a quarter of a megabyte. */
const CACHED_ROWS = 256;
/** Larger writes (812 prekeys at pairing) are not worth remembering. */
const BULK_ROWS = 32;

/**
 * The keys of one phone: read when needed, kept in a bounded memory, written through the one writer. Memory holds
 * encoded bytes, so that callers never share a value.
 */
export class PhoneKeys {
  readonly #store: SteadyStore;
  readonly #writer: SessionWriter;
  readonly #cache = new Map<string, Uint8Array | null>();
  /** Keys of a fresh pairing exist in memory only; rows of an older link must not shine through. */
  #isFresh: boolean;

  constructor(store: SteadyStore, writer: SessionWriter, isFresh: boolean) {
    this.#store = store;
    this.#writer = writer;
    this.#isFresh = isFresh;
  }

  /** The pairing was confirmed: from now on the store is the truth. */
  settle(): void {
    this.#isFresh = false;
  }

  async get<K extends KeyKind>(kind: K, ids: readonly string[]): Promise<{ [id: string]: SignalDataTypeMap[K] }> {
    const found: { [id: string]: SignalDataTypeMap[K] } = {};
    for (const [id, bytes] of await this.#read(kind, ids)) found[id] = decodeKey(kind, bytes);
    return found;
  }

  async getOne<K extends KeyKind>(kind: K, id: string): Promise<SignalDataTypeMap[K] | null> {
    const known = this.#known(kind, id);
    if (known !== undefined) return known === null ? null : decodeKey(kind, known);
    const bytes = (await this.#read(kind, [id])).get(id);
    return bytes === undefined ? null : decodeKey(kind, bytes);
  }

  /** Writes all rows in one commit. Rows that already have the value cost nothing. */
  async set(changes: SignalDataSet): Promise<void> {
    const rows = rowsOf(changes);
    // The library writes its own device list at every login and reads it right after: reading first saves the write.
    const listed = Object.keys(changes['device-list'] ?? {});
    if (rows.length === listed.length && rows.length > 0) await this.#read('device-list', listed);
    await this.commit({ keys: rows });
  }

  /** Writes rows together with other parts of one commit, for example a plaintext with its ratchet step. */
  async commit(change: Change): Promise<void> {
    const rows = (change.keys ?? []).filter((row) => !sameBytes(this.#known(row.kind, row.keyId), row.value));
    for (const row of rows) {
      if (rows.length > BULK_ROWS) this.#cache.delete(cacheId(row.kind, row.keyId));
      else this.#remember(row.kind, row.keyId, row.value);
    }
    const isEmpty = rows.length === 0 && !change.credentials && change.inbox === undefined && !change.settled?.length;
    if (isEmpty) return;
    await this.#writer.write({ ...change, keys: rows });
  }

  async #read(kind: string, ids: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const missing: string[] = [];
    for (const id of ids) {
      const known = this.#known(kind, id);
      if (known === undefined) missing.push(id);
      else if (known !== null) found.set(id, known);
    }
    if (missing.length === 0 || this.#isFresh) return found;
    const stored = await this.#store.readKeys(kind, missing);
    for (const id of missing) {
      // A write may have come while the store answered; it is newer.
      const newer = this.#known(kind, id);
      const bytes = newer === undefined ? stored.get(id) : newer;
      if (newer === undefined && missing.length <= BULK_ROWS) this.#remember(kind, id, bytes ?? null);
      if (bytes) found.set(id, bytes);
    }
    return found;
  }

  #known(kind: string, id: string): Uint8Array | null | undefined {
    const key = cacheId(kind, id);
    const cached = this.#cache.get(key);
    if (cached === undefined) return this.#writer.pending(kind, id);
    this.#cache.delete(key);
    this.#cache.set(key, cached);
    return cached;
  }

  #remember(kind: string, id: string, value: Uint8Array | null): void {
    const key = cacheId(kind, id);
    this.#cache.delete(key);
    this.#cache.set(key, value);
    if (this.#cache.size <= CACHED_ROWS) return;
    for (const oldest of this.#cache.keys()) {
      this.#cache.delete(oldest);
      break;
    }
  }
}

/** Encodes the library's nested change into rows. */
export function rowsOf(changes: SignalDataSet): KeyRow[] {
  const rows: KeyRow[] = [];
  for (const kind of Object.keys(changes)) {
    if (isKeyKind(kind)) rows.push(...rowsOfKind(kind, changes[kind]));
  }
  return rows;
}

function rowsOfKind<K extends KeyKind>(kind: K, entries: SignalDataSet[K]): KeyRow[] {
  const values: { [id: string]: SignalDataTypeMap[K] | null } = entries ?? {};
  return Object.entries(values).map(([keyId, value]) => ({
    kind,
    keyId,
    value: value === null ? null : encodeKey(kind, value),
  }));
}

function sameBytes(left: Uint8Array | null | undefined, right: Uint8Array | null): boolean {
  if (left === undefined) return false;
  if (left === null || right === null) return left === right;
  return left.length === right.length && Buffer.from(left.buffer, left.byteOffset, left.length).equals(right);
}

function cacheId(kind: string, id: string): string {
  return `${kind}\u0000${id}`;
}
