import { randomBytes } from 'node:crypto';
import type { KeyRow, Lease, SessionStore } from '@trunkline/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SealBroken } from '../secrets/envelope.js';
import { makeOrg, makePhone, takeOver, takePhone } from '../testing/make-phone.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function openSession(): Promise<{ lease: Lease; session: SessionStore }> {
  const lease = await takePhone(database.db, await makePhone(database.db, await makeOrg(database.db)));
  return { lease, session: database.db.owned(lease.nodeId).sessionStore(lease) };
}

const row = (kind: string, keyId: string, value: string | null): KeyRow => ({
  kind,
  keyId,
  value: value === null ? null : Buffer.from(value),
});
const text = (bytes: Uint8Array | null | undefined) => (bytes ? Buffer.from(bytes).toString() : bytes);

describe('keys', () => {
  test('are written, replaced and deleted together, and read in one question', async () => {
    const { session } = await openSession();
    expect(await session.readCredentials()).toBeNull();
    await session.write({ credentials: Buffer.from('c1'), keys: [row('session', 'a', '1'), row('session', 'b', '2')] });
    await session.write({
      credentials: Buffer.from('c2'),
      keys: [row('session', 'a', '3'), row('session', 'b', null), row('pre-key', 'a', '4')],
    });
    expect(text(await session.readCredentials())).toBe('c2');
    const read = await session.readKeys('session', ['a', 'b', 'unknown']);
    expect([...read].map(([keyId, value]) => [keyId, text(value)])).toEqual([['a', '3']]);
    expect(text((await session.readKeys('pre-key', ['a'])).get('a'))).toBe('4');
    expect(await session.readKeys('session', [])).toEqual(new Map());
  });

  test('named twice in one write keep the last value', async () => {
    const { session } = await openSession();
    await session.write({ keys: [row('session', 'a', '1'), row('session', 'a', null), row('session', 'a', '2')] });
    expect(text((await session.readKeys('session', ['a'])).get('a'))).toBe('2');
    await session.write({ keys: [row('session', 'a', '3'), row('session', 'a', null)] });
    expect(await session.listKeys('session')).toEqual([]);
  });

  test('are listed by kind and by the exact beginning of their id', async () => {
    const { session } = await openSession();
    await session.write({ keys: ['1_1.0', '1_1.5', '1%1.0', '2.0'].map((keyId) => row('session', keyId, 'x')) });
    expect(await session.listKeys('session', '1_1.')).toEqual(['1_1.0', '1_1.5']);
    expect(await session.listKeys('session')).toHaveLength(4);
    expect(await session.listKeys('pre-key')).toEqual([]);
  });

  test('of a thousand rows go in one write', async () => {
    const { session } = await openSession();
    const keys = Array.from({ length: 1_000 }, (_, at) => ({
      kind: 'pre-key',
      keyId: String(at),
      value: randomBytes(64),
    }));
    await session.write({ keys });
    const read = await session.readKeys(
      'pre-key',
      keys.map(({ keyId }) => keyId),
    );
    expect(keys.every(({ keyId, value }) => value.equals(Buffer.from(read.get(keyId) ?? [])))).toBe(true);
  });

  test('written crosswise at once by one phone all arrive', async () => {
    const { session } = await openSession();
    const ids = Array.from({ length: 30 }, (_, at) => `peer.${at}`);
    await Promise.all(
      Array.from({ length: 12 }, (_, round) => {
        const order = round % 2 === 0 ? ids : [...ids].reverse();
        return session.write({ keys: order.map((keyId) => row('session', keyId, `${round}`)) });
      }),
    );
    const values = new Set([...(await session.readKeys('session', ids)).values()].map(text));
    expect(values.size).toBe(1);
  });

  test('of one row put in the place of another are noticed', async () => {
    const [one, two] = [await openSession(), await openSession()];
    await one.session.write({ keys: [row('session', 'a', 'of one'), row('session', 'b', 'other')] });
    await two.session.write({ keys: [row('session', 'a', 'of two')] });
    await database.rows(
      `update credentials set value = (select value from credentials where phone_id = $1 and key_id = 'a') where phone_id = $2`,
      [one.lease.phoneId, two.lease.phoneId],
    );
    await expect(two.session.readKeys('session', ['a'])).rejects.toThrow(SealBroken);
    await database.rows(
      `update credentials set value = (select value from credentials where phone_id = $1 and key_id = 'a')
       where phone_id = $1 and key_id = 'b'`,
      [one.lease.phoneId],
    );
    await expect(one.session.readKeys('session', ['b'])).rejects.toThrow(SealBroken);
  });

  test('are there for the next owner', async () => {
    const { lease, session } = await openSession();
    await session.write({ credentials: Buffer.from('c'), keys: [row('session', 'a', '1')] });
    const next = await takeOver(database.db, lease);
    const store = database.db.owned(next.nodeId).sessionStore(next);
    expect(text(await store.readCredentials())).toBe('c');
    await store.write({ keys: [row('session', 'a', '2')] });
    expect(text((await session.readKeys('session', ['a'])).get('a'))).toBe('2');
  });
});

describe('the inbox', () => {
  const entry = (plaintext: string) => ({
    ciphertextHash: randomBytes(32),
    stanza: { id: plaintext, from: 'a\0b\uD800', notify: '"q"' },
    plaintext: Buffer.from(plaintext),
  });

  test('keeps what was decrypted with its ratchet step, once, oldest first, until it is settled', async () => {
    const { session } = await openSession();
    const [first, second] = [entry('first'), entry('second')];
    await session.write({ keys: [row('session', 'a', '1')], inbox: first });
    await session.write({ inbox: second });
    await session.write({ inbox: { ...first, plaintext: Buffer.from('again') } });
    expect(await session.waitingInbox()).toEqual([first, second]);
    expect(await session.findInbox(first.ciphertextHash)).toEqual(first);
    expect(await session.findInbox(randomBytes(32))).toBeNull();
    await session.write({ settled: [first.ciphertextHash] });
    expect(await session.waitingInbox()).toEqual([second]);
    expect(await session.findInbox(first.ciphertextHash)).toEqual(first);
  });

  test('takes an entry that is settled in the same write', async () => {
    const { session } = await openSession();
    const done = entry('done');
    await session.write({ inbox: done, settled: [done.ciphertextHash] });
    expect(await session.waitingInbox()).toEqual([]);
    expect(await session.findInbox(done.ciphertextHash)).toEqual(done);
  });
});

test('content that was sent is kept for seven days', async () => {
  const { lease, session } = await openSession();
  expect(await session.sentContent('chat', 'id')).toBeNull();
  await session.keepSentContent('chat', 'id', Buffer.from('one'));
  await session.keepSentContent('chat', 'id', Buffer.from('two'));
  expect(text(await session.sentContent('chat', 'id'))).toBe('two');
  await database.rows(`update sent_content set at = clock_timestamp() - interval '169 hours' where phone_id = $1`, [
    lease.phoneId,
  ]);
  expect(await session.sentContent('chat', 'id')).toBeNull();
});
