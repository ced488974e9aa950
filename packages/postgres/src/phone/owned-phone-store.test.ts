import type { Lease, Phone, PhoneNumber } from '@trunkline/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNode, makeOrg, makePhone, OFF, ONLINE, takePhone } from '../testing/make-phone.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const none = () => [];

async function ownedPhone(orgId?: string): Promise<{ phone: Phone; lease: Lease }> {
  const phone = await makePhone(database.db, orgId ?? (await makeOrg(database.db)));
  return { phone, lease: await takePhone(database.db, phone) };
}

test('a change by the owner is seen by the API, with its events and the node in the diary', async () => {
  const { phone, lease } = await ownedPhone();
  const changed = await database.db.owned(lease.nodeId).change(lease, () => ({
    change: { state: ONLINE, number: '4915100001' as PhoneNumber, isBusiness: true },
    events: (_, after) => [{ name: 'org.phone.connected', payload: JSON.stringify(after.updatedAt) }],
  }));
  expect(await database.db.phones.find(phone.orgId, phone.phoneId)).toEqual(changed);
  expect(await database.db.owned(lease.nodeId).read(lease)).toEqual({ phone: changed, deleted: false, linked: false });
  const [line] = await database.db.phones.diary(phone.orgId, phone.phoneId, 1);
  expect(line).toMatchObject({ state: 'online', nodeId: lease.nodeId, at: changed.updatedAt });
  const [event] = await database.db.events.after(0, 10, { phoneId: phone.phoneId });
  expect(event).toMatchObject({ name: 'org.phone.connected', payload: JSON.stringify(changed.updatedAt) });
});

test('changes of owner and API interleave without losing one', async () => {
  const { phone, lease } = await ownedPhone();
  const append = (letter: string) => (before: Phone) => ({
    change: { name: `${before.name ?? ''}${letter}` },
    events: () => [{ name: 'org.phone.updated', payload: '{}' }],
  });
  await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      at % 2 === 0
        ? database.db.owned(lease.nodeId).change(lease, append('o'))
        : database.db.phones.change(phone.orgId, phone.phoneId, append('a')),
    ),
  );
  const stored = await database.db.phones.find(phone.orgId, phone.phoneId);
  expect((stored?.name ?? '').split('').sort().join('')).toBe('a'.repeat(10) + 'o'.repeat(10));
  const events = await database.db.events.after(0, 100, { phoneId: phone.phoneId });
  expect(events.map((event) => event.sequence)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
});

test('key writes go through while a change of the phone is open', async () => {
  const { phone, lease } = await ownedPhone();
  const session = database.db.owned(lease.nodeId).sessionStore(lease);
  await database.whileLocked('select from phones where phone_id = $1 for no key update', [phone.phoneId], async () => {
    await session.write({ credentials: Buffer.from('c') });
    await database.db.phones.command(phone.orgId, phone.phoneId, 'restart');
  });
  expect(await database.db.owned(lease.nodeId).read(lease)).toMatchObject({ linked: true });
});

test('a commit of the change settles its commands; the others still wait, oldest first', async () => {
  const { phone, lease } = await ownedPhone();
  const owned = database.db.owned(lease.nodeId);
  for (const kind of ['restart', 'resync', 'reset'] as const)
    await database.db.phones.command(phone.orgId, phone.phoneId, kind);
  const [restart, resync, reset] = await owned.commands([lease]);
  expect([restart?.kind, resync?.kind, reset?.kind]).toEqual(['restart', 'resync', 'reset']);
  await owned.change(lease, () => ({
    change: {},
    events: none,
    settles: [restart?.commandId ?? 0, reset?.commandId ?? 0],
  }));
  expect(await owned.commands([lease])).toEqual([resync]);
  await database.db.phones.command(phone.orgId, phone.phoneId, 'restart');
  expect((await owned.commands([lease])).map((command) => command.kind)).toEqual(['resync', 'restart']);
});

test('commands come only for leases that are held', async () => {
  const { phone, lease } = await ownedPhone();
  await database.db.phones.command(phone.orgId, phone.phoneId, 'restart');
  const owned = database.db.owned(lease.nodeId);
  expect(await owned.commands([{ ...lease, epoch: lease.epoch + 1 }])).toEqual([]);
  const stranger = await makeNode(database.db);
  expect(await database.db.owned(stranger.nodeId).commands([lease])).toEqual([]);
  expect(await owned.commands([])).toEqual([]);
});

test('watchers of commands are called soon after one was added', async () => {
  const { phone, lease } = await ownedPhone();
  let calls = 0;
  const stop = database.db.owned(lease.nodeId).watchCommands(() => {
    calls++;
  });
  await database.db.phones.command(phone.orgId, phone.phoneId, 'restart');
  await expect.poll(() => calls, { timeout: 10_000 }).toBeGreaterThan(0);
  stop();
});

test('another phone with the number is found while it is linked, in the same organisation only', async () => {
  const orgId = await makeOrg(database.db);
  const number = '4915100002' as PhoneNumber;
  const [one, two, foreign] = [await ownedPhone(orgId), await ownedPhone(orgId), await ownedPhone()];
  const owned = ({ lease }: { lease: Lease }) => database.db.owned(lease.nodeId);
  for (const each of [two, foreign]) {
    await owned(each).change(each.lease, () => ({ change: { number }, events: none }));
  }
  expect(await owned(one).otherPhoneWithNumber(one.lease, number)).toBeNull();
  for (const each of [two, foreign])
    await owned(each)
      .sessionStore(each.lease)
      .write({ credentials: Buffer.from('c') });
  expect(await owned(one).otherPhoneWithNumber(one.lease, number)).toBe(two.phone.phoneId);
  expect(await owned(two).otherPhoneWithNumber(two.lease, number)).toBeNull();
  await database.db.phones.remove(orgId, two.phone.phoneId, none);
  expect(await owned(one).otherPhoneWithNumber(one.lease, number)).toBeNull();
});

test('retired credentials leave the phone unlinked and stay restorable; deleted ones are gone', async () => {
  const { lease } = await ownedPhone();
  const owned = database.db.owned(lease.nodeId);
  const session = owned.sessionStore(lease);
  const keys = [{ kind: 'session', keyId: 'a', value: Buffer.from('k') }];
  await session.write({ credentials: Buffer.from('c'), keys });
  await owned.change(lease, () => ({ change: { state: OFF }, events: none, credentials: 'retire' }));
  expect(await owned.read(lease)).toMatchObject({ linked: false });
  expect(await session.listKeys('session')).toEqual([]);
  const retired = 'select kind, reason from retired_credentials where phone_id = $1 order by kind';
  expect(await database.rows(retired, [lease.phoneId])).toMatchObject([{ kind: 'creds' }, { kind: 'session' }]);
  await session.write({ credentials: Buffer.from('c2'), keys });
  await owned.change(lease, () => ({ change: {}, events: none, credentials: 'delete' }));
  expect(await owned.read(lease)).toMatchObject({ linked: false });
  expect(await database.rows(retired, [lease.phoneId])).toHaveLength(2);
  await session.write({ credentials: Buffer.from('c3') });
});

test('the end of a deleted phone destroys its data key and everything under it', async () => {
  const { phone, lease } = await ownedPhone();
  const owned = database.db.owned(lease.nodeId);
  const session = owned.sessionStore(lease);
  await session.write({ credentials: Buffer.from('c') });
  await session.keepSentContent('chat', 'id', Buffer.from('sent'));
  await database.db.phones.remove(phone.orgId, phone.phoneId, none);
  await owned.change(lease, () => ({ change: { state: OFF }, events: none, credentials: 'delete' }));
  await expect(session.write({ credentials: Buffer.from('c') })).rejects.toThrow('has no data key');
  for (const table of ['phone_keys', 'credentials', 'retired_credentials', 'inbox', 'sent_content']) {
    expect(await database.rows(`select from ${table} where phone_id = $1`, [phone.phoneId])).toEqual([]);
  }
});
