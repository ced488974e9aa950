import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Testbed } from '@trunkline/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let bed: Testbed;
beforeAll(async () => {
  bed = await Testbed.create();
});
afterAll(() => bed.stop());

/** Processes that descend from the server, with their command lines. */
function descendants(pid: number): { pid: number; command: string }[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .flatMap((match) => (match ? [{ pid: Number(match[1]), ppid: Number(match[2]), command: match[3] ?? '' }] : []));
  const children = rows.filter((row) => row.ppid === pid);
  return children.flatMap((child) => [{ pid: child.pid, command: child.command }, ...descendants(child.pid)]);
}

test('linked phones come back without a QR after a restart and after kill -9 of every process', async () => {
  const ines = await bed.person('Ines', '4915112345611');
  const phone = await bed.linkedPhone(ines);

  await bed.server.stop();
  await bed.server.start();
  await bed.ready(phone.phone_id);

  await bed.server.kill();
  await bed.server.start();
  await bed.ready(phone.phone_id);

  const worker = descendants(bed.server.pid).find(({ command }) => command.includes('worker-main'));
  expect(worker).toBeDefined();
  process.kill(worker?.pid ?? 0, 'SIGKILL');
  await bed.phoneIs(phone.phone_id, 'noticed gone', ({ is_ready }) => !is_ready);
  await bed.ready(phone.phone_id);

  const sandbox = descendants(bed.server.pid).find(({ command }) => command.includes('sandbox-main'));
  process.kill(sandbox?.pid ?? 0, 'SIGKILL');
  await bed.phoneIs(phone.phone_id, 'noticed gone', ({ is_ready }) => !is_ready);
  await bed.ready(phone.phone_id, 40_000);

  const postmaster = Number(readFileSync(join(bed.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(postmaster, 'SIGKILL');
  await bed.ready(phone.phone_id, 40_000);

  const everything = [bed.server.pid, ...descendants(bed.server.pid).map((one) => one.pid), postmaster];
  for (const pid of everything) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it fell with its parent
    }
  }
  await bed.server.kill();
  await bed.server.start();
  await bed.ready(phone.phone_id);
});
