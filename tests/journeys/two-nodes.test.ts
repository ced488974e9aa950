import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, type PhoneSeen, ServerProcess, Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PHONES = 4;

let bed: Testbed;
let second: ServerProcess;
let watching = true;
let watched: Promise<void>;
const doubles: string[] = [];
let looks = 0;

/** A second server process as on another host: it knows the database, the master key and where the sandbox is. */
async function secondNode(): Promise<ServerProcess> {
  const network = await bed.api.must<{ url: string; root: string; ca: string }>('GET', '/sandbox/v1/network');
  const url = new URL(network.url);
  url.search = '';
  const ca = join(bed.dataDir, 'other-ca.pem');
  writeFileSync(ca, network.ca);
  const { master_key } = JSON.parse(readFileSync(join(bed.dataDir, 'secrets.json'), 'utf8')) as { master_key: string };
  return ServerProcess.start({
    DATABASE_URL: `postgresql:///trunkline?host=${encodeURIComponent(join(bed.dataDir, 'run'))}&user=postgres`,
    TRUNKLINE_DATA_DIR: join(bed.dataDir, 'second'),
    TRUNKLINE_MASTER_KEY: master_key,
    TRUNKLINE_SANDBOX_URL: url.href,
    TRUNKLINE_SANDBOX_ROOT: network.root,
    TRUNKLINE_SANDBOX_CA: ca,
    LOG_LEVEL: 'info',
  });
}

/** At every look: never two connections of one linked device. */
async function watchConnections(): Promise<void> {
  while (watching) {
    const answer = await bed.api.call<{ jid: string }[]>('GET', '/sandbox/v1/connections').catch(() => null);
    if (answer?.status === 200) {
      looks += 1;
      const jids = answer.body.map(({ jid }) => jid);
      for (const jid of jids) if (jids.indexOf(jid) !== jids.lastIndexOf(jid)) doubles.push(jid);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function workerOf(server: ServerProcess): number {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const row = rows
    .map((line) => line.trim().split(/\s+/))
    .find(([, ppid, ...args]) => {
      return Number(ppid) === server.pid && args.join(' ').includes('worker-main');
    });
  return Number(row?.[0] ?? Number.NaN);
}

/** How many phones a node holds, as its own metrics say. */
async function phonesOf(server: ServerProcess): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^trunkline_worker_phones\{.*\} (\d+)/m.exec(text)?.[1] ?? 0);
}

async function everyPhoneReady(limitMs?: number): Promise<void> {
  await eventually(
    'every phone is ready',
    async () => {
      const phones = await bed.api.must<PhoneSeen[]>('GET', '/v1/phones/all');
      return phones.length === PHONES && phones.every((phone) => phone.is_ready);
    },
    limitMs,
  );
}

async function bothShare(): Promise<void> {
  await eventually(
    'both nodes have their share',
    async () => (await phonesOf(second)) === PHONES / 2 && (await phonesOf(bed.server)) === PHONES / 2,
    60_000,
  );
}

beforeAll(async () => {
  bed = await Testbed.create();
  for (let index = 0; index < PHONES; index += 1) {
    await bed.linkedPhone(await bed.person(`Person ${index}`, String(4_915_118_880_000 + index)));
  }
  watched = watchConnections();
});
afterAll(async () => {
  watching = false;
  await watched;
  await second?.stop();
  await bed.stop();
});

test('two server processes on one database share the phones and never run one twice', {
  timeout: 240_000,
}, async () => {
  const seen: string[] = [];
  second = await secondNode();
  await eventually('the second node took its share', async () => (await phonesOf(second)) === PHONES / 2, 60_000);
  await everyPhoneReady();

  // A worker dies: its phones are ready again elsewhere, or there.
  const killed = workerOf(second);
  process.kill(killed, 'SIGKILL');
  await eventually('the dead worker has a successor', () => workerOf(second) > 0 && workerOf(second) !== killed);
  await everyPhoneReady(60_000);
  await bothShare();
  await everyPhoneReady();

  // A worker is suspended for longer than its lease: others take over; when it wakes up it gives
  // way, and gets its share again only by leases of a new epoch.
  const suspended = workerOf(second);
  process.kill(suspended, 'SIGSTOP');
  await eventually('the first node has all phones', async () => (await phonesOf(bed.server)) === PHONES, 90_000);
  await everyPhoneReady(60_000);
  process.kill(suspended, 'SIGCONT');
  await bothShare();
  await everyPhoneReady(60_000);

  // A planned stop hands the phones over.
  await second.stop();
  await eventually('the first node has all phones', async () => (await phonesOf(bed.server)) === PHONES, 60_000);
  await everyPhoneReady(60_000);

  for (const phone of await bed.api.must<PhoneSeen[]>('GET', '/v1/phones/all')) seen.push(String(phone.org_phone));
  expect(new Set(seen).size).toBe(PHONES);
  expect(looks).toBeGreaterThan(0);
  expect(doubles).toEqual([]);
});
