/**
 * `npm run bench [-- phones…]`: our figures beside those of the bare library, on the same machine in the same run. The
 * sandbox is the other end in both cases and is not counted.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, type PhoneSeen, Testbed } from '@trunkline/testkit';
import { type BareFigures, BareSide } from './bare-side.js';
import { cpuMs, processTree, pssBytes, rssBytes } from './process-figures.js';
import { type Figure, printFigures } from './report.js';

const SIZES = process.argv.slice(2).map(Number).filter(Boolean);
const WAIT_MS = 600_000;
const IN_FLIGHT = 16;
const IDLE_MS = 10_000;
let idleCpu: number | undefined;
const settle = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function measure(size: number): Promise<Figure[]> {
  const bed = await Testbed.create({ env: { LOG_LEVEL: 'warn', TRUNKLINE_MAX_PHONES: '5000' } });
  await bed.poller.stop();
  const figures: Figure[] = [];
  try {
    await ours(bed, size, figures);
    await bare(bed, size, figures);
  } finally {
    await bed.server.stop();
    rmSync(bed.dataDir, { recursive: true, force: true });
  }
  return figures;
}

async function ours(bed: Testbed, size: number, figures: Figure[]): Promise<void> {
  const qrMs: number[] = [];
  let pairCpu = 0;
  const numbers = Array.from({ length: size }, (_, index) => String(4_915_200_000_000 + index));
  // The first pairing pays for starting a worker; the others tell what a pairing costs.
  for (const [index, number] of numbers.entries()) {
    await bed.api.must('POST', '/sandbox/v1/handsets', { body: { number, name: `Person ${index}` } });
    if (index === 1) pairCpu = cpuMs(workerPid(bed));
    const started = performance.now();
    const { phone_id } = await bed.createPhone();
    const { qr_code } = await bed.qrOf(phone_id);
    qrMs.push(performance.now() - started);
    await bed.api.must('POST', `/sandbox/v1/handsets/${number}/scan`, { body: { qr_code } });
    await bed.ready(phone_id);
  }
  if (size > 1) figures.push({ name: 'CPU per pairing, ms', ours: (cpuMs(workerPid(bed)) - pairCpu) / (size - 1) });
  figures.push({ name: 'QR after create p95, ms', ours: percentile(qrMs, 95), limit: 2_000 });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await bed.server.stop(signal);
    const started = performance.now();
    const apiMs: number[] = [];
    const starting = bed.server.start();
    await starting;
    await allReady(bed, size, apiMs);
    const limit = size === 100 ? 3_500 : size === 500 ? 30_000 : undefined;
    figures.push({
      name: `start to all ready after ${signal}, ms`,
      ours: performance.now() - started,
      ...(limit && { limit }),
    });
    if (signal === 'SIGTERM')
      figures.push({ name: 'GET /v1/phones p99 meanwhile, ms', ours: percentile(apiMs, 99), limit: 50 });
    figures.push({
      name: `CPU per connect after ${signal}, ms`,
      ours: (cpuMs(workerPid(bed)) - (await idleWorkerCpu())) / size,
    });
  }
  figures.push({ name: 'worker RSS, MB', ours: megabytes(rssBytes(workerPid(bed))) });
  figures.push({ name: 'PSS of everything but the sandbox, MB', ours: megabytes(everything(bed)), ...pssLimit(size) });
  const before = cpuMs(workerPid(bed));
  await settle(IDLE_MS);
  figures.push({
    name: 'idle CPU of the worker, % of a core',
    ours: ((cpuMs(workerPid(bed)) - before) / IDLE_MS) * 100,
    limit: 5,
  });
  const [first] = await bed.api.must<PhoneSeen[]>('GET', '/v1/phones/all');
  const restarts: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const started = performance.now();
    const { updated_at } = await bed.phone(first?.phone_id ?? '');
    await bed.api.must('POST', '/v1/phones/restart', { phone: first?.phone_id ?? '' });
    await bed.phoneIs(first?.phone_id ?? '', 'not ready', (phone) => phone.updated_at > updated_at);
    await bed.ready(first?.phone_id ?? '');
    restarts.push(performance.now() - started);
  }
  figures.push({ name: 'restart to ready p95, ms', ours: percentile(restarts, 95), limit: 1_500 });
}

async function bare(bed: Testbed, size: number, figures: Figure[]): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'trunkline-bench-'));
  const network = await bed.api.must<{ url: string; root: string; ca: string }>('GET', '/sandbox/v1/network');
  const [phone] = await bed.api.must<PhoneSeen[]>('GET', '/v1/phones/all');
  const caPath = join(scratch, 'ca.pem');
  writeFileSync(caPath, network.ca);
  const url = new URL(network.url);
  url.search = '';
  const people = new Map(
    Array.from({ length: size }, (_, index) => [`bare-${index}`, String(4_915_300_000_000 + index)]),
  );
  for (const number of people.values()) await bed.api.must('POST', '/sandbox/v1/handsets', { body: { number } });
  const startBare = () =>
    BareSide.start(
      {
        databaseUrl: `postgres:///postgres?host=${encodeURIComponent(socketDir(bed))}&user=postgres`,
        networkUrl: url.href,
        rootBase64: network.root,
        org: String(phone?.org_id),
        caPath,
      },
      (one, qr) => void bed.api.must('POST', `/sandbox/v1/handsets/${people.get(one)}/scan`, { body: { qr_code: qr } }),
    );
  let side = await startBare();
  const phones = [...people.keys()];
  const paired = await side.ask<BareFigures>('pair', phones, 1);
  set(figures, 'CPU per pairing, ms', paired.cpuMs / size, 0.4);
  side.stop();
  // A fresh process, as ours is after its start.
  side = await startBare();
  const connected = await side.ask<BareFigures>('connect', phones, IN_FLIGHT);
  for (const signal of ['SIGTERM', 'SIGKILL'])
    set(figures, `CPU per connect after ${signal}, ms`, connected.cpuMs / size, 0.4);
  set(figures, 'start to all ready after SIGTERM, ms', connected.wallMs, size === 500 ? 1.25 : undefined);
  await settle(3_000);
  set(figures, 'worker RSS, MB', megabytes(rssBytes(side.pid)), size === 500 ? 1.35 : undefined);
  side.stop();
  rmSync(scratch, { recursive: true, force: true });
}

function set(figures: Figure[], name: string, value: number, times?: number): void {
  const at = figures.findIndex((figure) => figure.name === name);
  if (at < 0) return;
  figures[at] = { ...(figures[at] as Figure), bare: value, ...(times !== undefined && { times }) };
}

async function allReady(bed: Testbed, size: number, apiMs: number[]): Promise<void> {
  await eventually(
    'all phones are ready',
    async () => {
      const started = performance.now();
      const all = await bed.api.must<PhoneSeen[]>('GET', '/v1/phones/all');
      apiMs.push(performance.now() - started);
      return all.length === size && all.every((phone) => phone.is_ready);
    },
    WAIT_MS,
    50,
  );
}

function workerPid(bed: Testbed): number {
  const worker = processTree(bed.server.pid).find(({ command }) => command.includes('worker-main'));
  if (worker === undefined) throw new Error('no worker runs');
  return worker.pid;
}

/** What a worker spends before its first phone: loading programs is not connecting. */
async function idleWorkerCpu(): Promise<number> {
  idleCpu ??= await (async () => {
    const bed = await Testbed.create({ env: { LOG_LEVEL: 'warn' } });
    await bed.poller.stop();
    await bed.createPhone();
    await bed.qrOf((await bed.api.must<PhoneSeen[]>('GET', '/v1/phones/all'))[0]?.phone_id ?? '');
    const used = cpuMs(workerPid(bed));
    await bed.server.stop();
    rmSync(bed.dataDir, { recursive: true, force: true });
    return used;
  })();
  return idleCpu;
}
function everything(bed: Testbed): number {
  const ofServer = processTree(bed.server.pid).filter(({ command }) => !command.includes('sandbox-main'));
  const database = processTree(1).filter(({ command }) => command.includes(bed.dataDir));
  const pids = new Set([...ofServer, ...database.flatMap(({ pid }) => processTree(pid))].map(({ pid }) => pid));
  return [...pids].reduce((sum, pid) => sum + pssBytes(pid), 0);
}

const socketDir = (bed: Testbed) => join(bed.dataDir, 'run');
const megabytes = (bytes: number) => bytes / 1024 / 1024;
const pssLimit = (size: number) => (size === 100 ? { limit: 300 } : size === 500 ? { limit: 450 } : {});

function percentile(values: readonly number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((rank / 100) * sorted.length) - 1)] ?? 0;
}

for (const size of SIZES.length > 0 ? SIZES : [1, 50, 200, 500]) printFigures(size, await measure(size));
