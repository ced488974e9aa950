import { randomUUID } from 'node:crypto';
import { type Lease, LeaseLost } from '@trunkline/core';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeNode, makeOrg, makePhone, OFF, ONLINE, STARTING, takeOver, takePhone } from '../testing/make-phone.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
let orgId: string;
beforeEach(async () => {
  database = await createTestDatabase();
  orgId = await makeOrg(database.db);
});
afterEach(() => database.drop());

/** Makes a node look dead by database time. */
function age(nodeId: string, seconds: number) {
  return database.rows(
    `update nodes set heartbeat_at = clock_timestamp() - $2 * interval '1 second' where node_id = $1`,
    [nodeId, seconds],
  );
}

/** Makes a node look as if its heartbeats had come for a while: only then it may judge others. */
function steady(nodeId: string) {
  return database.rows(`update nodes set steady_since = clock_timestamp() - interval '31 seconds' where node_id = $1`, [
    nodeId,
  ]);
}

/** What the clock of the database being set by these seconds looks like to everybody. */
function setClock(seconds: number) {
  return database.rows(
    `update nodes set heartbeat_at = heartbeat_at - $1 * interval '1 second', steady_since = steady_since - $1 * interval '1 second'`,
    [seconds],
  );
}

async function makePhones(count: number) {
  return Promise.all(Array.from({ length: count }, () => makePhone(database.db, orgId)));
}

describe('claim', () => {
  test('takes phones that want an owner, of the network of the node, up to the limit', async () => {
    const { leases } = database.db;
    const wanting = await makePhone(database.db, orgId);
    await makePhone(database.db, orgId, { state: OFF });
    await makePhone(database.db, orgId, { network: 'live' });
    const stopped = await makePhone(database.db, orgId);
    await database.db.phones.change(orgId, stopped.phoneId, () => ({
      change: { wanted: 'stopped' },
      events: () => [],
    }));
    const node = await makeNode(database.db);
    expect(await leases.unowned('sandbox')).toBe(1);
    expect(await leases.claim(node.nodeId, 'sandbox', 0)).toEqual([]);
    expect(await leases.claim(node.nodeId, 'sandbox', 10)).toEqual([
      { phoneId: wanting.phoneId, orgId, nodeId: node.nodeId, epoch: 1 },
    ]);
    expect(await leases.claim(node.nodeId, 'sandbox', 10)).toEqual([]);
    expect(await leases.unowned('sandbox')).toBe(0);
    expect(await leases.unowned('live')).toBe(1);
  });

  test('takes a resting phone, and a deleted one, when a command waits for it', async () => {
    const { leases, phones } = database.db;
    const resting = await makePhone(database.db, orgId, { state: OFF });
    const deleted = await makePhone(database.db, orgId, { state: OFF });
    const node = await makeNode(database.db);
    expect(await leases.claim(node.nodeId, 'sandbox', 10)).toEqual([]);
    await phones.command(orgId, resting.phoneId, 'start');
    await phones.remove(orgId, deleted.phoneId, () => []);
    expect(await leases.unowned('sandbox')).toBe(2);
    const taken = await leases.claim(node.nodeId, 'sandbox', 10);
    expect(taken.map((lease) => lease.phoneId).sort()).toEqual([resting.phoneId, deleted.phoneId].sort());
  });

  test('leaves the phones of a living node alone and takes those of a dead one, with the next epoch', async () => {
    const { leases } = database.db;
    const [phone] = await makePhones(1);
    if (phone === undefined) throw new Error('no phone');
    const first = await takePhone(database.db, phone);
    const other = await makeNode(database.db);
    await steady(other.nodeId);
    await age(first.nodeId, 29);
    expect(await leases.claim(other.nodeId, 'sandbox', 10)).toEqual([]);
    await age(first.nodeId, 31);
    expect(await leases.unowned('sandbox')).toBe(1);
    expect(await leases.ownerOf(phone.phoneId)).toBeNull();
    expect(await leases.claim(other.nodeId, 'sandbox', 10)).toMatchObject([{ nodeId: other.nodeId, epoch: 2 }]);
    expect(await leases.ownerOf(phone.phoneId)).toEqual({ nodeId: other.nodeId, address: other.address, epoch: 2 });
  });

  test.each([7_200, -7_200])(
    'takes nothing from the living when the clock of the database is set by %d s',
    async (seconds) => {
      const { leases } = database.db;
      const [phone] = await makePhones(1);
      if (phone === undefined) throw new Error('no phone');
      const owner = await takePhone(database.db, phone);
      const other = await makeNode(database.db);
      await steady(other.nodeId);
      await setClock(seconds);
      expect(await leases.claim(other.nodeId, 'sandbox', 10)).toEqual([]);
      await leases.heartbeat(other.nodeId);
      expect(await leases.claim(other.nodeId, 'sandbox', 10)).toEqual([]);
      await leases.heartbeat(owner.nodeId);
      await steady(other.nodeId);
      expect(await leases.claim(other.nodeId, 'sandbox', 10)).toEqual([]);
      expect(await leases.ownerOf(phone.phoneId)).toMatchObject({ nodeId: owner.nodeId, epoch: 1 });
    },
  );

  test.each([7_200, -7_200])(
    'takes over from a dead node although the clock was set by %d s meanwhile',
    async (seconds) => {
      const { leases } = database.db;
      const [phone] = await makePhones(1);
      if (phone === undefined) throw new Error('no phone');
      await takePhone(database.db, phone);
      const other = await makeNode(database.db);
      await setClock(seconds);
      await leases.heartbeat(other.nodeId);
      await steady(other.nodeId);
      expect(await leases.claim(other.nodeId, 'sandbox', 10)).toMatchObject([{ epoch: 2 }]);
    },
  );

  test('gives nothing to a node that is unknown, dead or draining', async () => {
    const { leases } = database.db;
    await makePhones(3);
    const [dead, draining] = [await makeNode(database.db), await makeNode(database.db)];
    await age(dead.nodeId, 31);
    await leases.markDraining(draining.nodeId);
    expect(await leases.claim(randomUUID(), 'sandbox', 10)).toEqual([]);
    expect(await leases.claim(dead.nodeId, 'sandbox', 10)).toEqual([]);
    expect(await leases.claim(draining.nodeId, 'sandbox', 10)).toEqual([]);
  });

  test('of many nodes at once shares the phones: everyone is taken once', async () => {
    const { leases } = database.db;
    const phones = await makePhones(60);
    const nodes = await Promise.all(Array.from({ length: 6 }, () => makeNode(database.db)));
    const taken: Lease[] = [];
    await Promise.all(
      nodes.map(async ({ nodeId }) => {
        for (;;) {
          const leases_ = await leases.claim(nodeId, 'sandbox', 4);
          if (leases_.length === 0) return;
          taken.push(...leases_);
        }
      }),
    );
    expect(taken.map((lease) => lease.phoneId).sort()).toEqual(phones.map((phone) => phone.phoneId).sort());
    expect(taken.every((lease) => lease.epoch === 1)).toBe(true);
  });

  test('of competing nodes never makes two owners of one epoch, and epochs only rise', async () => {
    const { leases } = database.db;
    await makePhones(3);
    const seen = new Map<string, number[]>();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let round = 0; round < 12; round++) {
          const node = await makeNode(database.db);
          for (const lease of await leases.claim(node.nodeId, 'sandbox', 3)) {
            seen.set(lease.phoneId, [...(seen.get(lease.phoneId) ?? []), lease.epoch]);
          }
          await leases.removeNode(node.nodeId);
        }
      }),
    );
    for (const epochs of seen.values()) {
      expect(new Set(epochs).size).toBe(epochs.length);
    }
    const stored = await database.rows<{ phone_id: string; epoch: string }>('select phone_id, epoch from phone_leases');
    for (const row of stored) expect(Number(row.epoch)).toBe(Math.max(0, ...(seen.get(row.phone_id) ?? [])));
  });
});

describe('fencing', () => {
  test('a stale epoch can neither read its phone nor write anything', async () => {
    const phone = await makePhone(database.db, orgId);
    const stale = await takePhone(database.db, phone);
    const owned = database.db.owned(stale.nodeId);
    const session = owned.sessionStore(stale);
    await session.write({ credentials: Buffer.from('first') });
    await takeOver(database.db, stale);
    await expect(owned.read(stale)).rejects.toThrow(LeaseLost);
    await expect(owned.change(stale, () => ({ change: { name: 'late' }, events: () => [] }))).rejects.toThrow(
      LeaseLost,
    );
    await expect(session.write({ credentials: Buffer.from('late') })).rejects.toThrow(LeaseLost);
    await expect(session.keepSentContent('c', 'm', Buffer.from('late'))).rejects.toThrow(LeaseLost);
    const empty = { people: [], chats: [], messages: [], ciphertextHash: null };
    await expect(owned.storeHistory(stale, empty)).rejects.toThrow(LeaseLost);
    expect(await owned.commands([stale])).toEqual([]);
    expect((await database.db.phones.find(orgId, phone.phoneId))?.name).toBeNull();
    expect(Buffer.from((await session.readCredentials()) ?? []).toString()).toBe('first');
  });

  test('a write that races an uncommitted takeover waits for it and is refused', async () => {
    const phone = await makePhone(database.db, orgId);
    const stale = await takePhone(database.db, phone);
    const owned = database.db.owned(stale.nodeId);
    const session = owned.sessionStore(stale);
    await session.write({ keys: [{ kind: 'session', keyId: 'a', value: Buffer.from('before') }] });
    const takeover = new pg.Client({ connectionString: database.url });
    await takeover.connect();
    await takeover.query('begin');
    await takeover.query('update phone_leases set epoch = epoch + 1, node_id = $2 where phone_id = $1', [
      phone.phoneId,
      randomUUID(),
    ]);
    const writes = Promise.allSettled([
      session.write({ keys: [{ kind: 'session', keyId: 'a', value: Buffer.from('late') }] }),
      session.write({ keys: [{ kind: 'session', keyId: 'a', value: null }] }),
      owned.change(stale, () => ({ change: { name: 'late' }, events: () => [] })),
    ]);
    await database.waiters(3);
    await takeover.query('commit');
    await takeover.end();
    for (const outcome of await writes) {
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(LeaseLost);
    }
    expect(Buffer.from((await session.readKeys('session', ['a'])).get('a') ?? []).toString()).toBe('before');
    expect((await database.db.phones.find(orgId, phone.phoneId))?.name).toBeNull();
  });

  test('a takeover passes over a phone whose dead owner is in the middle of a write', async () => {
    const { leases } = database.db;
    const phone = await makePhone(database.db, orgId);
    const lease = await takePhone(database.db, phone);
    const writer = new pg.Client({ connectionString: database.url });
    await writer.connect();
    await writer.query('begin');
    await writer.query('select from phone_leases where phone_id = $1 for share', [phone.phoneId]);
    await leases.removeNode(lease.nodeId);
    const other = await makeNode(database.db);
    expect(await leases.claim(other.nodeId, 'sandbox', 10)).toEqual([]);
    await writer.query('commit');
    await writer.end();
    expect(await leases.claim(other.nodeId, 'sandbox', 10)).toMatchObject([{ epoch: 2 }]);
  });

  test('release frees the phone, and ignores a stale epoch', async () => {
    const { leases } = database.db;
    const phone = await makePhone(database.db, orgId);
    const stale = await takePhone(database.db, phone);
    const held = await takeOver(database.db, stale);
    await leases.release([stale]);
    expect(await leases.ownerOf(phone.phoneId)).toMatchObject({ nodeId: held.nodeId, epoch: 2 });
    await leases.release([held]);
    expect(await leases.ownerOf(phone.phoneId)).toBeNull();
    expect(await leases.unowned('sandbox')).toBe(1);
    await expect(database.db.owned(held.nodeId).read(held)).rejects.toThrow(LeaseLost);
  });
});

test('phones that promise a connection nobody holds are changed, and only those', async () => {
  const { phones, leases } = database.db;
  const [abandoned, held] = [await makePhone(database.db, orgId), await makePhone(database.db, orgId)];
  const resting = await makePhone(database.db, orgId, { state: OFF });
  const dead = await takePhone(database.db, abandoned);
  for (const phone of [abandoned, held]) {
    await phones.change(orgId, phone.phoneId, () => ({ change: { state: ONLINE }, events: () => [] }));
  }
  await leases.removeNode(dead.nodeId);
  const node = await makeNode(database.db);
  const taken = await leases.claim(node.nodeId, 'sandbox', 10);
  await leases.release(taken.filter((lease) => lease.phoneId !== held.phoneId));
  const seen: string[] = [];
  const changed = await phones.changeAbandoned((phone) => {
    seen.push(phone.phoneId);
    return { change: { state: OFF }, events: () => [{ name: 'org.phone.updated', payload: '{}' }] };
  });
  expect([changed, seen]).toEqual([1, [abandoned.phoneId]]);
  expect((await phones.find(orgId, held.phoneId))?.state).toEqual(ONLINE);
  expect((await phones.find(orgId, resting.phoneId))?.updatedAt).toEqual(resting.updatedAt);
});

describe('nodes', () => {
  test('live as long as their heartbeat, by the time of the database', async () => {
    const { leases } = database.db;
    const node = await makeNode(database.db);
    expect(await leases.heartbeat(node.nodeId)).toBe(true);
    expect(await leases.liveNodes('sandbox')).toEqual([{ ...node, phones: 0, draining: false }]);
    expect(await leases.liveNodes('live')).toEqual([]);
    await age(node.nodeId, 31);
    expect(await leases.liveNodes()).toEqual([]);
    expect(await leases.nodesOfHost(node.hostId)).toEqual([node]);
    expect(await leases.heartbeat(node.nodeId)).toBe(true);
    expect(await leases.liveNodes()).toHaveLength(1);
    await leases.removeNode(node.nodeId);
    expect(await leases.heartbeat(node.nodeId)).toBe(false);
  });

  test('register again without becoming two, count their phones, and are forgotten after a day', async () => {
    const { leases } = database.db;
    const phone = await makePhone(database.db, orgId, { state: STARTING });
    const lease = await takePhone(database.db, phone);
    const gone = await makeNode(database.db);
    await age(gone.nodeId, 90_000);
    const [node] = await leases.liveNodes();
    if (node === undefined) throw new Error('no node');
    await leases.markDraining(node.nodeId);
    await leases.registerNode({ ...node, address: 'http://127.0.0.1:2' });
    expect(await leases.liveNodes()).toEqual([
      { ...node, nodeId: lease.nodeId, address: 'http://127.0.0.1:2', phones: 1, draining: false },
    ]);
    expect(await leases.nodesOfHost(gone.hostId)).toEqual([]);
  });
});
