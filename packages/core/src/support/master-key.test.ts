import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMasterKey } from './master-key.js';

const bytes = new Uint8Array(32).fill(9);
const key = Buffer.from(bytes).toString('base64');

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'master-key-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

describe('the master key', () => {
  it('is the given one, also with the embedded database, and then nothing is stored', () => {
    expect(findMasterKey({ key, keyFile: undefined, dataDir, embedded: true })).toEqual(bytes);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('comes from the named file', () => {
    const keyFile = join(dataDir, 'key');
    writeFileSync(keyFile, `${key}\n`);
    expect(findMasterKey({ key: '', keyFile, dataDir, embedded: false })).toEqual(bytes);
  });

  it('is made and kept with the embedded database', () => {
    const sources = { key: undefined, keyFile: undefined, dataDir, embedded: true };
    expect(findMasterKey(sources)).toEqual(findMasterKey(sources));
  });

  it('is required with a database of its own, because another machine would make another key', () => {
    expect(() => findMasterKey({ key: undefined, keyFile: undefined, dataDir, embedded: false })).toThrow(
      /is required with DATABASE_URL/,
    );
  });

  it('is refused when given twice, unreadable or wrong, in one sentence without the key', () => {
    const wrong = 'c2VjcmV0';
    const sources = { key: undefined, keyFile: undefined, dataDir, embedded: false };
    expect(() => findMasterKey({ ...sources, key, keyFile: '/nowhere' })).toThrow(/not both/);
    expect(() => findMasterKey({ ...sources, keyFile: join(dataDir, 'nowhere') })).toThrow(/cannot be read \(ENOENT\)/);
    expect(() => findMasterKey({ ...sources, key: wrong })).toThrow(/^(?!.*c2VjcmV0).*exactly 32 bytes/);
  });
});
