import { randomInt } from 'node:crypto';
import type { EventLog, LoggedEvent, Phone } from '@trunkline/core';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../open-database.js';
import { makeOrg, makePhone } from '../testing/make-phone.js';
import { silentLog } from '../testing/silent-log.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
let orgId: string;
beforeEach(async () => {
  database = await createTestDatabase();
  orgId = await makeOrg(database.db);
});
afterEach(() => database.drop());

function append(phone: Phone, payload: string) {
  return database.db.phones.change(phone.orgId, phone.phoneId, () => ({
    change: {},
    events: () => [{ name: 'org.phone.updated', payload }],
  }));
}

/** A change that drew its position and has not committed: what a slow writer looks like. */
async function openWriter(phone: Phone): Promise<{ commit(): Promise<void>; rollback(): Promise<void> }> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('begin');
  await client.query('update phones set sequence = sequence + 1 where phone_id = $1', [phone.phoneId]);
  await client.query(
    `insert into events (phone_id, sequence, org_id, name, payload) select phone_id, sequence, org_id, 'slow', '{}' from phones where phone_id = $1`,
    [phone.phoneId],
  );
  const end = async (how: 'commit' | 'rollback') => {
    await client.query(how);
    await client.end();
  };
  return { commit: () => end('commit'), rollback: () => end('rollback') };
}

const payloads = (events: readonly LoggedEvent[]) => events.map((event) => event.payload);

describe('the event log', () => {
  test('gives events in order, by page and by filter', async () => {
    const { events } = database.db;
    const [a, b] = [await makePhone(database.db, orgId), await makePhone(database.db, await makeOrg(database.db))];
    expect(await events.after(0, 10)).toEqual([]);
    expect(await events.settledPosition()).toBe(0);
    for (let at = 0; at < 4; at++) await append(at % 2 === 0 ? a : b, `${at}`);
    const all = await events.after(0, 10);
    expect(payloads(all)).toEqual(['0', '1', '2', '3']);
    expect(payloads(await events.after(0, 3))).toEqual(['0', '1', '2']);
    expect(payloads(await events.after(all[1]?.position ?? 0, 10))).toEqual(['2', '3']);
    expect(payloads(await events.after(0, 10, { phoneId: b.phoneId }))).toEqual(['1', '3']);
    expect(payloads(await events.after(0, 10, { orgId, name: 'org.phone.updated' }))).toEqual(['0', '2']);
    expect(await events.after(0, 10, { name: 'other' })).toEqual([]);
    expect(await events.settledPosition()).toBe(all[3]?.position);
    expect(all[0]).toMatchObject({ orgId, phoneId: a.phoneId, sequence: 1, name: 'org.phone.updated' });
  });

  test('does not pass a position that an open transaction may still fill', async () => {
    const { events } = database.db;
    const [slow, quick] = [await makePhone(database.db, orgId), await makePhone(database.db, orgId)];
    await append(quick, 'before');
    expect(payloads(await events.after(0, 10))).toEqual(['before']);
    const writer = await openWriter(slow);
    await append(quick, 'after');
    const [seen] = await events.after(0, 10);
    expect(payloads(await events.after(0, 10))).toEqual(['before']);
    await append(quick, 'later');
    expect(payloads(await events.after(0, 10))).toEqual(['before']);
    await writer.commit();
    expect(payloads(await events.after(seen?.position ?? 0, 10))).toEqual(['{}', 'after', 'later']);
  });

  test('passes a position that was rolled back, once nobody can fill it', async () => {
    const { events } = database.db;
    const [slow, quick] = [await makePhone(database.db, orgId), await makePhone(database.db, orgId)];
    await append(quick, 'before');
    await events.after(0, 10);
    const writer = await openWriter(slow);
    await append(quick, 'after');
    expect(payloads(await events.after(0, 10))).toEqual(['before']);
    await writer.rollback();
    await expect.poll(async () => payloads(await events.after(0, 10))).toEqual(['before', 'after']);
  });

  test('is not held up by a transaction that has nothing to do with it, while there is no gap', async () => {
    const { events } = database.db;
    const [other, quick] = [await makePhone(database.db, orgId), await makePhone(database.db, orgId)];
    await events.settledPosition();
    await database.whileLocked('update phones set name = $2 where phone_id = $1', [other.phoneId, 'x'], async () => {
      for (let at = 0; at < 5; at++) await append(quick, `${at}`);
      expect(payloads(await events.after(0, 10))).toEqual(['0', '1', '2', '3', '4']);
    });
  });

  test('a reader that starts in the middle of a slow write waits for it', async () => {
    const [slow, quick] = [await makePhone(database.db, orgId), await makePhone(database.db, orgId)];
    const writer = await openWriter(slow);
    await append(quick, 'after');
    const late = await openDatabase({ url: database.url, masterKey: database.masterKey, log: silentLog });
    const first = late.events.after(0, 10);
    await append(quick, 'latest');
    await writer.commit();
    await expect.poll(async () => payloads(await late.events.after(0, 10))).toEqual(['{}', 'after', 'latest']);
    expect([0, 2, 3]).toContain((await first).length);
    await late.close();
  });

  test('shows every event of many writers to a reader that only remembers its last position', async () => {
    const phones = await Promise.all(Array.from({ length: 6 }, () => makePhone(database.db, orgId)));
    const readers = [tail(database.db.events), tail(database.db.events)];
    const seed = randomInt(2 ** 31);
    let committed = 0;
    await Promise.all(
      phones.map(async (phone, lane) => {
        for (let round = 0; round < 30; round++) {
          const fails = (seed + lane * 31 + round * 17) % 4 === 0;
          if (fails) {
            const writer = await openWriter(phone);
            await writer.rollback();
          } else if (round % 5 === 0) {
            const writer = await openWriter(phone);
            await writer.commit();
            committed++;
          } else {
            await append(phone, `${lane}.${round}`);
            committed++;
          }
        }
      }),
    );
    for (const reader of readers) {
      await expect.poll(() => reader.seen.length, { timeout: 30_000, message: `seed ${seed}` }).toBe(committed);
      await reader.stop();
      expect(reader.seen.map((event) => event.position)).toEqual(
        reader.seen.map((event) => event.position).sort((a, b) => a - b),
      );
      for (const phone of phones) {
        const sequences = reader.seen
          .filter(({ phoneId }) => phoneId === phone.phoneId)
          .map(({ sequence }) => sequence);
        expect(sequences).toEqual(sequences.map((_, at) => at + 1));
      }
    }
  });

  test('finds the end of a long log whose beginning is gone', async () => {
    const phone = await makePhone(database.db, orgId);
    await database.rows(
      `insert into events (phone_id, sequence, org_id, name, payload)
       select $1, n, $2, 'old', '{}' from generate_series(1, 9000) as n`,
      [phone.phoneId, orgId],
    );
    await database.rows('delete from events where sequence <= 4000');
    const { events } = database.db;
    expect(await events.settledPosition()).toBe(9000);
    expect((await events.after(0, 1)).map((event) => event.position)).toEqual([4001]);
    await database.rows(
      `insert into events (phone_id, sequence, org_id, name, payload)
       select $1, n, $2, 'new', '{}' from generate_series(9001, 16000) as n`,
      [phone.phoneId, orgId],
    );
    expect(await events.settledPosition()).toBe(16_000);
  });

  test('calls its watchers soon after an event was appended, by this process or another', async () => {
    const phone = await makePhone(database.db, orgId);
    const other = await openDatabase({ url: database.url, masterKey: database.masterKey, log: silentLog });
    const calls = { own: 0, other: 0 };
    const stops = [
      database.db.events.watch(() => {
        calls.own++;
      }),
      other.events.watch(() => {
        calls.other++;
      }),
    ];
    await append(phone, 'x');
    await expect.poll(() => Math.min(calls.own, calls.other), { timeout: 10_000 }).toBeGreaterThan(0);
    for (const stop of stops) stop();
    await other.close();
  });
});

/** Follows the log from its beginning, asking again as soon as it was answered. */
function tail(events: EventLog): { seen: LoggedEvent[]; stop(): Promise<void> } {
  const seen: LoggedEvent[] = [];
  let stopped = false;
  const running = (async () => {
    while (!stopped) seen.push(...(await events.after(seen.at(-1)?.position ?? 0, 7)));
  })();
  return {
    seen,
    async stop() {
      stopped = true;
      await running;
    },
  };
}
