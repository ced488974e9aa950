import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from './journal.js';
import { JournalLock } from './journal-lock.js';

let directory = '';
let path = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(directory, 'world.journal');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What a fresh opening finds. */
function found(): Record<string, unknown> {
  const journal = Journal.open(path);
  const entries = Object.fromEntries(journal.found(''));
  journal.close();
  return entries;
}

describe('the journal', () => {
  it('finds what was put, as it was last put, bytes included', () => {
    const journal = Journal.open(path);
    journal.put('a', { name: 'Asha', key: Buffer.from('k1') });
    journal.put('b', 1);
    journal.put('a', { name: 'Asha', key: Buffer.from('k2') });
    journal.delete('b');
    // No close: what was put must not depend on it.
    expect(found()).toEqual({ a: { name: 'Asha', key: Buffer.from('k2') } });
    expect(Buffer.isBuffer((found().a as { key: Buffer }).key)).toBe(true);
    journal.close();
  });

  it('drops a record torn at any byte, and only that one', () => {
    const journal = Journal.open(path);
    journal.put('kept', 'whole');
    const intact = statSync(path).size;
    journal.put('torn', 'x'.repeat(50));
    journal.close();
    const bytes = readFileSync(path);
    for (let size = intact; size < bytes.length; size++) {
      writeFileSync(path, bytes.subarray(0, size));
      expect(found()).toEqual({ kept: 'whole' });
    }
  });

  it('drops a record whose bytes were damaged, and goes on writing behind the intact ones', () => {
    const journal = Journal.open(path);
    journal.put('kept', 1);
    const intact = statSync(path).size;
    journal.put('damaged', 2);
    journal.close();
    const bytes = readFileSync(path);
    bytes[intact + 10] = (bytes[intact + 10] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
    const again = Journal.open(path);
    again.put('new', 3);
    again.close();
    expect(found()).toEqual({ kept: 1, new: 3 });
  });

  it('keeps a transaction whole or not at all', () => {
    const journal = Journal.open(path);
    journal.transaction(() => {
      journal.put('session', 1);
      journal.transaction(() => journal.put('message', 2));
    });
    const size = statSync(path).size;
    journal.close();
    expect(found()).toEqual({ session: 1, message: 2 });
    const again = Journal.open(path);
    again.transaction(() => {
      again.put('session', 2);
      again.put('message', 3);
    });
    again.close();
    truncateSync(path, statSync(path).size - 1);
    expect(found()).toEqual({ session: 1, message: 2 });
    expect(size).toBeGreaterThan(0);
  });

  it('does not grow over restarts', () => {
    for (let round = 0; round < 5; round++) {
      const journal = Journal.open(path);
      for (let n = 0; n < 100; n++) journal.put('same', `value ${n}`);
      journal.close();
    }
    found();
    expect(statSync(path).size).toBeLessThan(100);
  });

  it('without a path keeps nothing and needs nothing', () => {
    const journal = Journal.open(undefined);
    journal.put('a', 1);
    expect([...journal.found('')]).toEqual([]);
    journal.close();
  });

  it('survives garbage behind the last record', () => {
    Journal.open(path).put('a', 1);
    appendFileSync(path, Buffer.from('not a record at all'));
    expect(found()).toEqual({ a: 1 });
  });
});

describe('the journal lock', () => {
  it('has one holder at a time, and a dead one does not count', async () => {
    const first = await JournalLock.take(path);
    await expect(JournalLock.take(path)).rejects.toThrow('Another sandbox');
    await first.release();
    const second = await JournalLock.take(path);
    await second.release();
  });
});
