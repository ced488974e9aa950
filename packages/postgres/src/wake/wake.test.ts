import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../open-database.js';
import { silentLog } from '../testing/silent-log.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';
import { Listener } from './listener.js';
import { NOTIFY_CHANNEL } from './wake.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const settings = () => ({ url: database.url, applicationName: 'test', statementTimeoutMs: 5_000 });
const listeners = () =>
  database.rows<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'test listener' and datname = current_database()
     and query ilike 'listen%'`,
  );

test('many wakes at once arrive as one', async () => {
  const heard: string[] = [];
  const ear = new pg.Client({ connectionString: database.url });
  await ear.connect();
  ear.on('notification', (message) => heard.push(message.payload ?? ''));
  await ear.query(`listen ${NOTIFY_CHANNEL}`);
  for (let at = 0; at < 50; at++) database.db.wake('events');
  database.db.wake('commands');
  await expect.poll(() => heard, { timeout: 10_000 }).toContain('commands');
  expect(heard.filter((payload) => payload === 'events')).toHaveLength(1);
  await ear.end();
});

test('a watcher goes on being called after its connection was cut', async () => {
  const listener = new Listener(settings(), silentLog);
  let wakes = 0;
  const stop = listener.watch(['phones'], () => {
    wakes++;
  });
  await expect.poll(async () => (await listeners()).length, { timeout: 10_000 }).toBe(1);
  const [first] = await listeners();
  await database.rows('select pg_terminate_backend($1)', [first?.pid]);
  await expect
    .poll(async () => (await listeners()).map((row) => row.pid), { timeout: 10_000 })
    .not.toContain(first?.pid);
  const before = wakes;
  database.db.wake('phones');
  await expect.poll(() => wakes, { timeout: 10_000 }).toBeGreaterThan(before);
  stop();
  await listener.close();
  await expect.poll(async () => (await listeners()).length, { timeout: 10_000 }).toBe(0);
});

test('a watcher is polled when no connection can be made at all', async () => {
  const listener = new Listener({ ...settings(), url: 'postgresql:///nothing?host=/nowhere' }, silentLog);
  let wakes = 0;
  const stop = listener.watch(['events'], () => {
    wakes++;
  });
  await expect.poll(() => wakes, { timeout: 10_000 }).toBeGreaterThan(1);
  stop();
  await listener.close();
});

test('a watcher that throws does not silence the others', async () => {
  const db = await openDatabase({ url: database.url, masterKey: database.masterKey, log: silentLog });
  let wakes = 0;
  db.events.watch(() => {
    throw new Error('a fault of the watcher');
  });
  db.events.watch(() => {
    wakes++;
  });
  await expect.poll(() => wakes, { timeout: 10_000 }).toBeGreaterThan(0);
  await db.close();
});
