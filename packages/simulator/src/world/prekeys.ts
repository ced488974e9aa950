/** The one-time prekeys a linked device has uploaded: one buffer per upload, taken from the front. */
import { createHash } from 'node:crypto';
import type { Journal } from './journal.js';

export interface PreKey {
  id: number;
  publicKey: Buffer;
}

export interface SignedPreKey extends PreKey {
  signature: Buffer;
}

const ID_BYTES = 3;
const KEY_BYTES = 32;
const ENTRY_BYTES = ID_BYTES + KEY_BYTES;

/** Packs uploaded keys into the form the pool keeps. */
export function packPreKeys(keys: { id: Buffer; publicKey: Buffer }[]): Buffer {
  const packed = Buffer.alloc(keys.length * ENTRY_BYTES);
  keys.forEach((key, at) => {
    key.id.copy(packed, at * ENTRY_BYTES, 0, ID_BYTES);
    key.publicKey.copy(packed, at * ENTRY_BYTES + ID_BYTES, 0, KEY_BYTES);
  });
  return packed;
}

interface Upload {
  sequence: number;
  packed: Buffer;
}

export class PrekeyPool {
  #uploads: Upload[] = [];
  #offset = 0;
  #sequence = 0;

  constructor(
    private readonly journal: Journal,
    private readonly owner: string,
  ) {}

  /** Restores what a journal holds; uploads come in any order. */
  restore(uploads: { sequence: number; packed: Buffer }[], offset: number): void {
    this.#uploads = uploads.toSorted((a, b) => a.sequence - b.sequence);
    this.#offset = offset;
    this.#sequence = this.#uploads.at(-1)?.sequence ?? 0;
  }

  get count(): number {
    const stored = this.#uploads.reduce((sum, upload) => sum + upload.packed.length, 0);
    return (stored - this.#offset) / ENTRY_BYTES;
  }

  /** Adds an upload behind what is left of earlier ones. */
  add(packed: Buffer): void {
    if (packed.length === 0) return;
    const upload = { sequence: ++this.#sequence, packed };
    this.#uploads.push(upload);
    this.journal.put(`pku/${this.owner}/${upload.sequence}`, packed);
  }

  /** Gives out the oldest key, once; undefined when the pool is dry. */
  take(): PreKey | undefined {
    const upload = this.#uploads[0];
    if (upload === undefined) return undefined;
    const at = this.#offset;
    const key = readEntry(upload.packed, at);
    this.#offset += ENTRY_BYTES;
    this.journal.transaction(() => {
      if (this.#offset >= upload.packed.length) {
        this.#uploads.shift();
        this.#offset = 0;
        this.journal.delete(`pku/${this.owner}/${upload.sequence}`);
      }
      this.journal.put(`pko/${this.owner}`, this.#offset);
    });
    return key;
  }

  /** Throws all keys away. */
  clear(): void {
    this.journal.transaction(() => {
      for (const upload of this.#uploads) this.journal.delete(`pku/${this.owner}/${upload.sequence}`);
      this.journal.delete(`pko/${this.owner}`);
    });
    this.#uploads = [];
    this.#offset = 0;
  }

  /** Every key left, in the order they will be given out. */
  *keys(): Iterable<PreKey> {
    let at = this.#offset;
    for (const { packed } of this.#uploads) {
      for (; at < packed.length; at += ENTRY_BYTES) yield readEntry(packed, at);
      at = 0;
    }
  }

  /** The digest a client compares with its own: identity, signed prekey, its signature, then every key. */
  digest(identityKey: Buffer, signed: SignedPreKey): { ids: number[]; hash: Buffer } {
    const hash = createHash('sha1').update(identityKey).update(signed.publicKey).update(signed.signature);
    const ids: number[] = [];
    for (const key of this.keys()) {
      ids.push(key.id);
      hash.update(key.publicKey);
    }
    return { ids, hash: hash.digest() };
  }
}

function readEntry(packed: Buffer, at: number): PreKey {
  return { id: packed.readUIntBE(at, ID_BYTES), publicKey: packed.subarray(at + ID_BYTES, at + ENTRY_BYTES) };
}
