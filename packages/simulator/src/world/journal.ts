/**
 * The world's memory on disk: puts and deletes of key/value pairs, appended to one file.
 * Each record is a length, a checksum and the serialised operations of one transaction, so a record torn by a crash is
 * recognised and dropped as a whole. Writes are synchronous: what a caller has put survives the death of the process.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, truncateSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';

export type Operation = [key: string, value: unknown] | [key: string];

const HEADER_BYTES = 8;
const COMPACT_BATCH = 256;

function encodeRecord(operations: Operation[]): Buffer {
  const body = serialize(operations);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(body.length, 0);
  header.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([header, body]);
}

/** A full disk may cut a write short; the rest is tried again and then fails loudly. */
function writeAll(file: number, data: Buffer): void {
  let written = 0;
  while (written < data.length) written += writeSync(file, data, written);
}

function isOperation(value: unknown): value is Operation {
  return Array.isArray(value) && typeof value[0] === 'string' && value.length <= 2;
}

/** Replays a journal file; says how far it is intact. */
function replay(path: string): { entries: Map<string, unknown>; intactBytes: number } {
  const entries = new Map<string, unknown>();
  const file = openSync(path, 'a+', 0o600);
  const size = fstatSync(file).size;
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  let offset = 0;
  try {
    while (offset + HEADER_BYTES <= size) {
      readSync(file, header, 0, HEADER_BYTES, offset);
      const length = header.readUInt32BE(0);
      if (offset + HEADER_BYTES + length > size) break;
      const body = Buffer.allocUnsafe(length);
      readSync(file, body, 0, length, offset + HEADER_BYTES);
      if (crc32(body) !== header.readUInt32BE(4)) break;
      const operations: unknown = deserialize(body);
      if (!Array.isArray(operations) || !operations.every(isOperation)) break;
      for (const [key, value] of operations) {
        // A re-put key moves to the end, so replay order is the order of the last writes.
        entries.delete(key);
        if (value !== undefined) entries.set(key, value);
      }
      offset += HEADER_BYTES + length;
    }
  } finally {
    closeSync(file);
  }
  return { entries, intactBytes: offset };
}

/** Writes the live entries into a fresh file and swaps it in, so that the journal does not grow over restarts. */
function compact(path: string, entries: Map<string, unknown>): void {
  const fresh = `${path}.compact`;
  const file = openSync(fresh, 'w', 0o600);
  try {
    let batch: Operation[] = [];
    for (const entry of entries) {
      batch.push(entry);
      if (batch.length === COMPACT_BATCH) {
        writeAll(file, encodeRecord(batch));
        batch = [];
      }
    }
    if (batch.length > 0) writeAll(file, encodeRecord(batch));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
}

export class Journal {
  #file: number | undefined;
  #transaction: Operation[] | undefined;
  #bytes = 0;

  private constructor(
    file: number | undefined,
    /** What the file held at opening; the world takes it over and calls {@link Journal.release}. */
    private entries: Map<string, unknown>,
  ) {
    this.#file = file;
  }

  /** Opens a journal file, drops a torn last record and compacts; without a path everything stays in memory. */
  static open(path: string | undefined): Journal {
    if (path === undefined) return new Journal(undefined, new Map());
    const { entries, intactBytes } = replay(path);
    truncateSync(path, intactBytes);
    compact(path, entries);
    return new Journal(openSync(path, 'a', 0o600), entries);
  }

  /** The entries found at opening whose key starts with a prefix, oldest write first. */
  *found(prefix: string): Iterable<[key: string, value: unknown]> {
    for (const entry of this.entries) if (entry[0].startsWith(prefix)) yield entry;
  }

  /** Forgets the entries found at opening. */
  release(): void {
    this.entries = new Map();
  }

  get bytesWritten(): number {
    return this.#bytes;
  }

  put(key: string, value: unknown): void {
    this.#append([key, value]);
  }

  delete(key: string): void {
    this.#append([key]);
  }

  /** Everything put inside lands together or not at all. Nested calls join the outer one. */
  transaction<T>(body: () => T): T {
    if (this.#transaction !== undefined) return body();
    this.#transaction = [];
    try {
      return body();
    } finally {
      const operations = this.#transaction;
      this.#transaction = undefined;
      if (operations.length > 0) this.#write(operations);
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
  }

  #append(operation: Operation): void {
    if (this.#file === undefined) return;
    if (this.#transaction !== undefined) this.#transaction.push(operation);
    else this.#write([operation]);
  }

  #write(operations: Operation[]): void {
    if (this.#file === undefined) return;
    const record = encodeRecord(operations);
    this.#bytes += record.length;
    writeAll(this.#file, record);
  }
}
