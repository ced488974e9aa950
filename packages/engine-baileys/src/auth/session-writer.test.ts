import { LeaseLost, type SessionWrite, systemClock } from '@trunkline/core';
import { MemorySessionStore } from '@trunkline/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { SessionWriter } from './session-writer.js';
import { SteadyStore } from './steady-store.js';

let store: MemorySessionStore;
let credentials: string;
let encoded: number;
let broken: Error[];

beforeEach(() => {
  store = new MemorySessionStore();
  credentials = 'one';
  encoded = 0;
  broken = [];
});

function writer(held = false): SessionWriter {
  const encodeCredentials = (): Uint8Array => {
    encoded += 1;
    return Buffer.from(credentials);
  };
  return new SessionWriter({
    store: new SteadyStore(store, systemClock, (error) => broken.push(error)),
    clock: systemClock,
    held,
    encodeCredentials,
  });
}

const row = (keyId: string, value: string | null) => ({
  kind: 'session',
  keyId,
  value: value === null ? null : Buffer.from(value),
});
const entry = (name: string) => ({ ciphertextHash: Buffer.from(name), stanza: {}, plaintext: Buffer.from(name) });

describe('the one writer of a phone', () => {
  test('a burst of changes is one commit with the last value of each row', async () => {
    const one = writer();
    await Promise.all([
      one.write({ keys: [row('a', 'old'), row('b', 'b')] }),
      one.write({ credentials: true }),
      one.write({ credentials: true, keys: [row('a', 'new')] }),
    ]);
    expect(store.writes).toHaveLength(1);
    expect(encoded).toBe(1);
    expect(Buffer.from(store.keys.get('session')?.get('a') ?? []).toString()).toBe('new');
  });

  test('what comes during a commit waits for the next one, in order, and is visible meanwhile', async () => {
    const one = writer();
    const seen: SessionWrite[] = [];
    let release = (): void => {};
    store.beforeWrite = (change) => {
      seen.push(change);
      return seen.length === 1
        ? new Promise<void>((resolve) => {
            release = resolve;
          })
        : undefined;
    };
    const first = one.write({ keys: [row('a', 'first')] });
    await Promise.resolve();
    const second = one.write({ keys: [row('a', 'second')] });
    const third = one.write({ keys: [row('b', 'third')] });
    expect(Buffer.from(one.pending('session', 'a') ?? []).toString()).toBe('second');
    expect(one.pending('session', 'z')).toBeUndefined();
    release();
    await Promise.all([first, second, third]);
    expect(store.writes).toHaveLength(2);
    expect(one.pending('session', 'a')).toBeUndefined();
  });

  test('one commit carries one inbox entry', async () => {
    const one = writer();
    await Promise.all([
      one.write({ inbox: entry('1') }),
      one.write({ inbox: entry('2') }),
      one.write({ keys: [row('a', 'a')] }),
    ]);
    expect(store.writes.map(({ inbox }) => inbox?.plaintext.toString())).toEqual(['1', '2']);
  });

  test('unchanged credentials are not written again', async () => {
    const one = writer();
    await one.write({ credentials: true });
    await one.write({ credentials: true });
    expect(store.writes).toHaveLength(1);
    credentials = 'two';
    await one.write({ credentials: true });
    expect(store.writes).toHaveLength(2);
  });

  test('held changes are written by nobody until they are released, then as one', async () => {
    const one = writer(true);
    const early = [one.write({ keys: [row('a', 'a')] }), one.write({ keys: [row('b', 'b')] })];
    await Promise.resolve();
    expect(store.writes).toHaveLength(0);
    early.push(one.write({ credentials: true }));
    one.release();
    await Promise.all(early);
    expect(store.writes).toHaveLength(1);
    expect(store.writes[0]?.keys).toHaveLength(2);
  });

  test('a lost lease ends the session before the waiters learn of it', async () => {
    const one = writer();
    store.isFenced = true;
    const failed = one.write({ keys: [row('a', 'a')] }).catch((error: unknown) => {
      expect(broken).toHaveLength(1);
      return error;
    });
    const queued = one.write({ inbox: entry('1') });
    expect(await failed).toBeInstanceOf(LeaseLost);
    await expect(queued).rejects.toBeInstanceOf(LeaseLost);
    await expect(one.write({ credentials: true })).rejects.toBeInstanceOf(LeaseLost);
    expect(broken).toHaveLength(1);
  });

  test('a database that is away for a moment costs only time', async () => {
    const one = writer();
    let refusals = 2;
    store.beforeWrite = () => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('terminating connection due to administrator command');
    };
    await one.write({ keys: [row('a', 'a')] });
    expect(store.writes).toHaveLength(1);
    expect(broken).toEqual([]);
  });
});
