import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ObjectStorage } from '@trunkline/core';
import { checkStorageKey } from './storage-key.js';

const FALLBACK_TYPE = 'application/octet-stream';
const TYPE_SUFFIX = '.content-type';

/** Files below one directory. A reader sees the old file or the new one, never a part; the content type lies beside it. */
export class DiskStorage implements ObjectStorage {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async put(key: string, body: Uint8Array, contentType: string): Promise<void> {
    const path = this.#path(key);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeWhole(path + TYPE_SUFFIX, contentType);
    await writeWhole(path, body);
  }

  async get(key: string): Promise<{ body: Uint8Array; contentType: string } | null> {
    const path = this.#path(key);
    const body = await readOrNull(path);
    if (body === null) return null;
    const type = await readOrNull(path + TYPE_SUFFIX);
    return { body: new Uint8Array(body), contentType: type?.toString('utf8') ?? FALLBACK_TYPE };
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    await rm(path, { force: true });
    await rm(path + TYPE_SUFFIX, { force: true });
  }

  async exists(key: string): Promise<boolean> {
    try {
      await access(this.#path(key));
      return true;
    } catch {
      return false;
    }
  }

  #path(key: string): string {
    if (key.endsWith(TYPE_SUFFIX)) throw new Error(`storage keys must not end with ${TYPE_SUFFIX}`);
    return join(this.#root, checkStorageKey(key));
  }
}

async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  // The name cannot be a key (`~` is refused), so an unfinished file is never served.
  const draft = `${path}~${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    // A directory in the place of a file is not an object either.
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(error.code))) {
      return null;
    }
    throw error;
  }
}
