import { randomUUID } from 'node:crypto';
import { LABEL_COLOURS, type Phone, type PhoneNumber } from '@trunkline/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeOrg, makePhone, OFF, ONLINE, STARTING, takePhone } from '../testing/make-phone.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const updated = (payload: string) => [{ name: 'org.phone.updated', payload }];
const number = (digits: string) => digits as PhoneNumber;

async function eventsOf(phone: Phone) {
  return database.db.events.after(0, 1_000, { phoneId: phone.phoneId });
}

describe('a phone', () => {
  test('is stored exactly as it was answered and announced', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const announced: Phone[] = [];
    const phone = await phones.create({
      orgId,
      phoneId: `phone-${randomUUID()}`,
      network: 'live',
      state: STARTING,
      labels: await phones.resolveLabels(orgId, 'phone', ['Sales', 'North']),
      name: 'Desk',
      events: (created) => {
        announced.push(created);
        return updated('{"made":true}');
      },
    });
    expect(announced).toEqual([phone]);
    expect(await phones.find(orgId, phone.phoneId)).toEqual(phone);
    expect(await eventsOf(phone)).toMatchObject([
      { sequence: 1, payload: '{"made":true}', orgId, at: phone.createdAt },
    ]);
    expect(await phones.diary(orgId, phone.phoneId, 10)).toMatchObject([{ state: 'starting', nodeId: null }]);
  });

  test('of another organisation does not exist', async () => {
    const { phones } = database.db;
    const phone = await makePhone(database.db, await makeOrg(database.db));
    const stranger = await makeOrg(database.db, 'Other');
    expect(await phones.find(stranger, phone.phoneId)).toBeNull();
    expect(await phones.list(stranger)).toEqual([]);
    expect(await phones.count(stranger)).toBe(0);
    expect(await phones.diary(stranger, phone.phoneId, 10)).toEqual([]);
    expect(await phones.command(stranger, phone.phoneId, 'restart')).toBe(false);
    expect(await phones.remove(stranger, phone.phoneId, () => updated('{}'))).toBe(false);
    let asked = false;
    const changed = await phones.change(stranger, phone.phoneId, () => {
      asked = true;
      return null;
    });
    expect([changed, asked]).toEqual([null, false]);
  });

  test('is listed newest first and counted', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const [first, second] = [await makePhone(database.db, orgId), await makePhone(database.db, orgId)];
    expect((await phones.list(orgId)).map((phone) => phone.phoneId)).toEqual([second.phoneId, first.phoneId]);
    expect(await phones.count(orgId)).toBe(2);
  });

  test('is found by number, connected ones first', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const ids: string[] = [];
    for (const state of [ONLINE, OFF, STARTING]) {
      const phone = await makePhone(database.db, orgId, { state });
      await phones.change(orgId, phone.phoneId, () => ({ change: { number: number('4915112345') }, events: () => [] }));
      ids.push(phone.phoneId);
    }
    const found = await phones.findByNumber(orgId, '4915112345');
    expect(found.map((phone) => phone.phoneId)).toEqual([ids[0], ids[2], ids[1]]);
  });

  test('keeps a name that no database could hold', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const { phoneId } = await makePhone(database.db, orgId);
    const lastDisconnect = { code: 'x', reason: 'bad \0 and \uD800', at: 'now' };
    await phones.change(orgId, phoneId, () => ({ change: { name: 'a\0b\uDC00', lastDisconnect }, events: () => [] }));
    const stored = await phones.find(orgId, phoneId);
    expect(stored?.name).toBe('a\uFFFDb\uFFFD');
    expect(stored?.lastDisconnect?.reason).toBe('bad \uFFFD and \uFFFD');
  });
});

describe('a change of a phone', () => {
  test('moves updatedAt strictly forward, to the value that its events show', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    let last = await makePhone(database.db, orgId);
    for (let round = 0; round < 20; round++) {
      const seen: Phone[] = [];
      const changed = await phones.change(orgId, last.phoneId, () => ({
        change: { name: `name ${round}` },
        events: (before, after) => {
          seen.push(before, after);
          return updated(after.updatedAt.toISOString());
        },
      }));
      expect(seen).toEqual([last, changed]);
      expect(changed?.updatedAt.getTime()).toBeGreaterThan(last.updatedAt.getTime());
      expect(await phones.find(orgId, last.phoneId)).toEqual(changed);
      if (changed !== null) last = changed;
    }
    const events = await eventsOf(last);
    expect(events.map((event) => event.sequence)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(events.every((event) => event.payload === event.at.toISOString())).toBe(true);
  });

  test('is made one after the other, each seeing the one before, without a gap in the sequence', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const phone = await makePhone(database.db, orgId);
    const rename = (before: Phone) => ({
      change: { name: `${before.name ?? ''}x` },
      events: () => [...updated('{"a":1}'), ...updated('{"b":2}')],
    });
    await Promise.all(Array.from({ length: 25 }, () => phones.change(orgId, phone.phoneId, rename)));
    expect((await phones.find(orgId, phone.phoneId))?.name).toBe('x'.repeat(25));
    const events = await eventsOf(phone);
    expect(events.map((event) => event.sequence)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
    expect(events.map((event) => event.payload)).toEqual(
      Array.from({ length: 25 }, () => ['{"a":1}', '{"b":2}']).flat(),
    );
  });

  test('that decides nothing writes nothing', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const phone = await makePhone(database.db, orgId);
    expect(await phones.change(orgId, phone.phoneId, () => null)).toEqual(phone);
    expect(await phones.find(orgId, phone.phoneId)).toEqual(phone);
  });

  test('that fails leaves everything as it was', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const phone = await makePhone(database.db, orgId);
    const failing = phones.change(orgId, phone.phoneId, () => ({
      change: { name: 'never' },
      events: () => {
        throw new Error('no event today');
      },
    }));
    await expect(failing).rejects.toThrow('no event today');
    expect(await phones.find(orgId, phone.phoneId)).toEqual(phone);
    expect(await phones.change(orgId, phone.phoneId, () => null)).toEqual(phone);
  });

  test('writes a line of the diary when state or code changes, and only then', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const { phoneId } = await makePhone(database.db, orgId);
    const none = () => [];
    await phones.change(orgId, phoneId, () => ({ change: { state: ONLINE }, events: none }));
    await phones.change(orgId, phoneId, () => ({ change: { state: { ...ONLINE, since: 9 } }, events: none }));
    await phones.change(orgId, phoneId, () => ({
      change: { state: OFF },
      events: none,
      diary: { code: 'stopped', reason: 'Somebody stopped it.' },
    }));
    const lines = await phones.diary(orgId, phoneId, 10);
    expect(lines.map(({ state, code, reason }) => [state, code, reason])).toEqual([
      ['off', 'stopped', 'Somebody stopped it.'],
      ['online', null, null],
      ['starting', null, null],
    ]);
  });
});

describe('commands and removal', () => {
  test('a command of a kind waits once', async () => {
    const { phones, owned } = { phones: database.db.phones, owned: (id: string) => database.db.owned(id) };
    const orgId = await makeOrg(database.db);
    const phone = await makePhone(database.db, orgId);
    const answers = await Promise.all(Array.from({ length: 8 }, () => phones.command(orgId, phone.phoneId, 'restart')));
    expect(answers).toEqual(answers.map(() => true));
    await phones.command(orgId, phone.phoneId, 'resync');
    const lease = await takePhone(database.db, phone);
    const waiting = await owned(lease.nodeId).commands([lease]);
    expect(waiting.map((command) => command.kind)).toEqual(['restart', 'resync']);
  });

  test('a removed phone is hidden at once and keeps only its delete command', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const phone = await makePhone(database.db, orgId, { state: OFF });
    await phones.command(orgId, phone.phoneId, 'restart');
    const seen: Phone[] = [];
    const removed = await phones.remove(orgId, phone.phoneId, (last) => {
      seen.push(last);
      return updated('{"deleted":true}');
    });
    expect(removed).toBe(true);
    expect(seen[0]?.updatedAt.getTime()).toBeGreaterThan(phone.updatedAt.getTime());
    expect(await phones.find(orgId, phone.phoneId)).toBeNull();
    expect(await phones.list(orgId)).toEqual([]);
    expect(await phones.remove(orgId, phone.phoneId, () => [])).toBe(false);
    expect(await phones.command(orgId, phone.phoneId, 'start')).toBe(false);
    expect((await eventsOf(phone)).map((event) => event.payload)).toEqual(['{"deleted":true}']);
    const lease = await takePhone(database.db, phone);
    expect(await database.db.owned(lease.nodeId).commands([lease])).toMatchObject([{ kind: 'delete' }]);
    expect(await database.db.owned(lease.nodeId).read(lease)).toMatchObject({ deleted: true, linked: false });
  });

  test('phones are counted by network and state', async () => {
    const own = await createTestDatabase();
    try {
      const orgId = await makeOrg(own.db);
      await makePhone(own.db, orgId, { state: ONLINE, network: 'live' });
      await makePhone(own.db, orgId, { state: ONLINE, network: 'live' });
      await makePhone(own.db, orgId, { state: OFF });
      expect(await own.db.phones.countByState()).toEqual([
        { network: 'live', state: 'online', phones: 2 },
        { network: 'sandbox', state: 'off', phones: 1 },
      ]);
    } finally {
      await own.drop();
    }
  });
});

describe('labels', () => {
  test('are made once, ignoring case, and keep their first spelling', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const [first] = await phones.resolveLabels(orgId, 'phone', ['Sales']);
    expect(first?.labelId).toMatch(/^label-[a-z]{16}$/);
    const again = await phones.resolveLabels(orgId, 'phone', ['North', 'SALES', 'north']);
    expect(again.map((label) => label.name)).toEqual(['North', 'Sales']);
    expect(again[1]).toEqual(first);
    const other = await phones.resolveLabels(orgId, 'chat', ['sales']);
    expect(other[0]?.labelId).not.toBe(first?.labelId);
  });

  test('made by many requests at once are the same labels', async () => {
    const { phones } = database.db;
    const orgId = await makeOrg(database.db);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => phones.resolveLabels(orgId, 'phone', at % 2 ? names : [...names].reverse())),
    );
    const ids = new Set(answers.flat().map((label) => label.labelId));
    expect(ids.size).toBe(names.length);
  });

  test('take their colours in turn', async () => {
    const { phones, orgs } = database.db;
    const orgId = (await orgs.createOrganisation('Colours')).orgId;
    for (const name of ['1', '2', '3', '4', '5', '6']) await phones.resolveLabels(orgId, 'phone', [name]);
    const colours = await database.rows<{ color: string }>('select color from labels where org_id = $1 order by name', [
      orgId,
    ]);
    expect(colours.map((row) => row.color)).toEqual([...LABEL_COLOURS, LABEL_COLOURS[0]]);
  });
});
