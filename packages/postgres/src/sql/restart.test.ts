import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreUnavailable } from '@trunkline/core';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { findPostmaster } from '../embedded/postmaster.js';
import { startEmbedded } from '../embedded/start-embedded.js';
import { type Database, openDatabase } from '../open-database.js';
import { makeOrg, makePhone, takePhone } from '../testing/make-phone.js';
import { silentLog } from '../testing/silent-log.js';

const masterKey = Buffer.alloc(32, 3);
let home: string;
let server: Awaited<ReturnType<typeof startEmbedded>>;
let db: Database;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'trunkline-restart-'));
  chmodSync(home, 0o755);
  server = await startEmbedded({ dataDir: home, log: silentLog });
  db = await openDatabase({ url: server.url, masterKey, log: silentLog, statementTimeoutMs: 4_000 });
  await db.migrate();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(async () => {
  await db.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

async function startAgain(): Promise<void> {
  server = await startEmbedded({ dataDir: home, log: silentLog });
}

test('calls made while the database restarts are answered when it is back', async () => {
  const orgId = await makeOrg(db);
  await server.stop();
  const waiting = Promise.all([db.orgs.findOrganisation(orgId), db.ping(), makeOrg(db, 'while away')]);
  await startAgain();
  expect((await waiting)[0]).toMatchObject({ orgId });
});

test('after a kill of the database every acknowledged change is there and work goes on', async () => {
  const orgId = await makeOrg(db);
  const phone = await makePhone(db, orgId);
  const lease = await takePhone(db, phone);
  const session = db.owned(lease.nodeId).sessionStore(lease);
  let woken = 0;
  const stop = db.events.watch(() => {
    woken++;
  });
  const acknowledged: string[] = [];
  const failures: unknown[] = [];
  let killed = false;
  const writers = Array.from({ length: 4 }, async (_, lane) => {
    for (let at = 0; at < 200 && failures.length < 4; at++) {
      const keyId = `${lane}.${at}`;
      try {
        await session.write({ keys: [{ kind: 'session', keyId, value: Buffer.from(keyId) }] });
        acknowledged.push(keyId);
      } catch (error) {
        failures.push(error);
      }
      if (!killed && acknowledged.length > 40) {
        killed = true;
        process.kill(findPostmaster(join(home, 'postgres'))?.pid ?? 0, 'SIGKILL');
        await startAgain();
      }
    }
  });
  await Promise.all(writers);
  expect(failures.every((error) => error instanceof StoreUnavailable)).toBe(true);
  const stored = await session.readKeys('session', acknowledged);
  expect(acknowledged.filter((keyId) => !Buffer.from(keyId).equals(Buffer.from(stored.get(keyId) ?? [])))).toEqual([]);
  const before = woken;
  await db.phones.change(orgId, phone.phoneId, () => ({ change: {}, events: () => [{ name: 'x', payload: '{}' }] }));
  await expect.poll(() => woken, { timeout: 10_000 }).toBeGreaterThan(before);
  stop();
});

test('a database that stays away gives a clear error in bounded time', async () => {
  const hasty = await openDatabase({ url: server.url, masterKey, log: silentLog, patienceMs: 300 });
  closers.push(() => hasty.close());
  await server.stop();
  const outcome = await hasty.orgs.listOrganisations().catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(StoreUnavailable);
  expect(String(outcome)).toContain('the database cannot answer now');
  await startAgain();
  await hasty.ping();
});

test('a connection whose other end is silent does not hang for ever', async () => {
  const proxy = await freezableProxy(server.url);
  closers.push(() => proxy.close());
  const slow = await openDatabase({
    url: proxy.url,
    masterKey,
    log: silentLog,
    statementTimeoutMs: 500,
    poolSize: 1,
    patienceMs: 300,
  });
  closers.push(() => slow.close());
  await slow.ping();
  proxy.freeze();
  const [read, changed] = await Promise.allSettled([
    slow.ping(),
    slow.phones.change('00000000-0000-0000-0000-000000000000', 'phone-x', () => null),
  ]);
  for (const outcome of [read, changed]) {
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(StoreUnavailable);
  }
  proxy.thaw();
  await slow.ping();
});

test('a statement that takes too long is ended', async () => {
  const hasty = await openDatabase({ url: server.url, masterKey, log: silentLog, statementTimeoutMs: 300 });
  closers.push(() => hasty.close());
  const orgId = await makeOrg(db);
  const phone = await makePhone(db, orgId);
  const holder = new pg.Client({ connectionString: server.url });
  await holder.connect();
  closers.push(() => holder.end());
  await holder.query('begin');
  await holder.query('select from phones where phone_id = $1 for update', [phone.phoneId]);
  await expect(hasty.phones.change(orgId, phone.phoneId, () => null)).rejects.toThrow(StoreUnavailable);
});

/** A unix socket in front of the server that can stop passing bytes without closing anything. */
async function freezableProxy(url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-proxy-'));
  const target = join(new URL(url).searchParams.get('host') ?? '', '.s.PGSQL.5432');
  let frozen = false;
  const sockets = new Set<Socket>();
  const proxy: Server = createServer((near) => {
    const far = connect(target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (!frozen) to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(join(folder, '.s.PGSQL.5432'), resolve));
  const changed = new URL(url);
  changed.searchParams.set('host', folder);
  return {
    url: changed.href,
    freeze: () => {
      frozen = true;
    },
    thaw: () => {
      frozen = false;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
