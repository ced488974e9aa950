import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStorage } from '@trunkline/core';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskStorage } from './disk-storage.js';
import { openStorage } from './open-storage.js';

let directory: string;
let s3: S3rver;
const storages: Record<'disk' | 's3', ObjectStorage | null> = { disk: null, s3: null };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'storage-'));
  s3 = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: join(directory, 's3'),
    configureBuckets: [{ name: 'trunkline', configs: [] }],
  });
  const { port } = await s3.run();
  storages.disk = openStorage({ kind: 'disk', root: join(directory, 'files') });
  storages.s3 = openStorage({
    kind: 's3',
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'trunkline',
    region: 'us-east-1',
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
  });
});

afterAll(async () => {
  await s3.close();
  await rm(directory, { recursive: true });
});

function storage(kind: 'disk' | 's3'): ObjectStorage {
  const found = storages[kind];
  if (found === null) throw new Error('storage is not open');
  return found;
}

describe.each(['disk', 's3'] as const)('storage on %s', (kind) => {
  const key = 'phone-images/2997dd64-89bf-48d3-9a22-b314fca017e5/918527184400@c.us.jpg';

  it('gives back the bytes and the type that were put', async () => {
    const body = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
    await storage(kind).put(key, body, 'image/jpeg');
    expect(await storage(kind).get(key)).toEqual({ body, contentType: 'image/jpeg' });
    expect(await storage(kind).exists(key)).toBe(true);
  });

  it('replaces what was there', async () => {
    await storage(kind).put(key, new Uint8Array([1, 2, 3]), 'image/png');
    expect(await storage(kind).get(key)).toEqual({ body: new Uint8Array([1, 2, 3]), contentType: 'image/png' });
  });

  it('forgets what was deleted, also twice', async () => {
    await storage(kind).delete(key);
    await storage(kind).delete(key);
    expect(await storage(kind).get(key)).toBeNull();
    expect(await storage(kind).exists(key)).toBe(false);
  });

  it.each([
    '',
    '/etc/passwd',
    '../outside',
    'a/../../outside',
    'a//b',
    'a/./b',
    'a\\..\\b',
    'a/b\0c',
    '~root',
    'a/%2e%2e/b',
    `${'a/'.repeat(9)}a`,
  ])('refuses the key %j', async (bad) => {
    await expect(storage(kind).put(bad, new Uint8Array([1]), 'text/plain')).rejects.toThrow(/not a storage key/);
    await expect(storage(kind).get(bad)).rejects.toThrow(/not a storage key/);
    await expect(storage(kind).delete(bad)).rejects.toThrow(/not a storage key/);
  });
});

describe('storage on disk', () => {
  it('shows one whole version to readers while writers replace it, and leaves no drafts', async () => {
    const disk = new DiskStorage(join(directory, 'races'));
    const bodies = Array.from({ length: 8 }, (_, fill) => new Uint8Array(50_000).fill(fill));
    await disk.put('a/b', new Uint8Array(50_000), 'image/jpeg');
    const reads = Array.from({ length: 40 }, async () => {
      const found = await disk.get('a/b');
      expect(new Set(found?.body).size).toBe(1);
      expect(found?.body).toHaveLength(50_000);
    });
    await Promise.all([...reads, ...bodies.map((body) => disk.put('a/b', body, 'image/jpeg'))]);
    expect((await readdir(join(directory, 'races', 'a'))).sort()).toEqual(['b', 'b.content-type']);
  });

  it('does not take a directory for an object, and says when it cannot write', async () => {
    const disk = new DiskStorage(join(directory, 'odd'));
    await disk.put('a/b', new Uint8Array([1]), 'text/plain');
    expect(await disk.get('a')).toBeNull();
    expect(await disk.get('a/b/c')).toBeNull();
    await writeFile(join(directory, 'odd', 'file'), '');
    await expect(disk.put('file/below', new Uint8Array([1]), 'text/plain')).rejects.toThrow();
  });
});
