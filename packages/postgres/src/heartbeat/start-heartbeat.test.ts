import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeNode } from '../testing/make-phone.js';
import { silentLog } from '../testing/silent-log.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';
import { clockMemory, confirm, confirmedAgoMs, type Moment } from './heartbeat-clock.js';
import { type Heartbeat, startHeartbeat } from './start-heartbeat.js';

let database: TestDatabase;
const running: Heartbeat[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((heartbeat) => heartbeat.stop()));
});
afterAll(() => database.drop());

async function start(nodeId: string, onGone: () => void = () => undefined): Promise<Heartbeat> {
  const heartbeat = await startHeartbeat({
    url: database.url,
    nodeId,
    everyMs: 100,
    statementTimeoutMs: 10_000,
    log: silentLog,
    onGone,
  });
  running.push(heartbeat);
  return heartbeat;
}

const beatOf = async (nodeId: string) =>
  (
    await database.rows<{ at: Date }>('select heartbeat_at as at from nodes where node_id = $1', [nodeId])
  )[0]?.at.getTime() ?? 0;

test('goes on while the main thread is blocked, which then reads its true age at once', async () => {
  const { nodeId } = await makeNode(database.db);
  const heartbeat = await start(nodeId);
  const before = await beatOf(nodeId);
  const blockedMs = 3_000;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
  expect(heartbeat.lastConfirmedAgoMs()).toBeLessThan(blockedMs);
  expect(await beatOf(nodeId)).toBeGreaterThan(before);
});

test('tells once that the node is gone, and its age grows from then on', async () => {
  const { nodeId } = await makeNode(database.db);
  let gone = 0;
  const heartbeat = await start(nodeId, () => {
    gone++;
  });
  await database.db.leases.removeNode(nodeId);
  await expect.poll(() => gone, { timeout: 10_000 }).toBe(1);
  await expect.poll(() => heartbeat.lastConfirmedAgoMs(), { timeout: 10_000 }).toBeGreaterThan(500);
  expect(gone).toBe(1);
});

test('of a node that is not registered is refused', async () => {
  await expect(
    startHeartbeat({
      url: database.url,
      nodeId: randomUUID(),
      everyMs: 50,
      statementTimeoutMs: 1_500,
      log: silentLog,
      onGone: () => undefined,
    }),
  ).rejects.toThrow('the node is not registered');
});

test('comes back after its connection was cut', async () => {
  const { nodeId } = await makeNode(database.db);
  await start(nodeId);
  await database.rows(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'trunkline heartbeat' and datname = current_database()`);
  const before = await beatOf(nodeId);
  await expect.poll(() => beatOf(nodeId), { timeout: 10_000 }).toBeGreaterThan(before);
});

test('the age is that of the clock that shows more', () => {
  const memory = clockMemory();
  const at = (monotonicMs: number, wallMs: number): Moment => ({
    monotonicMs: BigInt(monotonicMs),
    wallMs: BigInt(wallMs),
  });
  confirm(memory, at(1_000, 50_000));
  expect(confirmedAgoMs(memory, at(1_500, 50_500))).toBe(500);
  // The host slept: only the wall clock went on.
  expect(confirmedAgoMs(memory, at(1_500, 110_000))).toBe(60_000);
  // The wall clock was set back.
  expect(confirmedAgoMs(memory, at(9_000, 10_000))).toBe(8_000);
});
