/** Stops the server of a data directory, gently first, and sees that nothing of it stays behind. */
import { spawnSync } from 'node:child_process';
import type { Log } from '@trunkline/core';
import { until } from '../support/until.js';
import type { Binaries } from './binaries.js';
import { findPostmaster, serverProcesses, signal } from './postmaster.js';
import { type RunAs, runOptions } from './run-as.js';

const FAST_MS = 30_000;
const IMMEDIATE_MS = 10_000;
const KILLED_MS = 5_000;

/** Fast shutdown: clients are cut, everything committed is written. Forces the end when that takes too long. */
export async function stopServer(deps: {
  readonly serverDir: string;
  readonly user: RunAs;
  readonly binaries: Binaries;
  readonly log: Log;
}): Promise<void> {
  const gone = () => findPostmaster(deps.serverDir) === null && serverProcesses(deps.serverDir).length === 0;
  request(deps, 'fast');
  if (await until(FAST_MS, gone)) return;
  deps.log.warn('embedded database does not stop; forcing it');
  request(deps, 'immediate');
  if (await until(IMMEDIATE_MS, gone)) return;
  for (const pid of serverProcesses(deps.serverDir)) signal(pid, 'SIGKILL');
  if (!(await until(KILLED_MS, gone))) deps.log.error('embedded database could not be stopped');
}

function request(deps: Parameters<typeof stopServer>[0], mode: 'fast' | 'immediate'): void {
  const running = findPostmaster(deps.serverDir);
  if (running === null) return;
  if (process.platform === 'win32') {
    spawnSync(deps.binaries.pgCtl, ['stop', '-D', deps.serverDir, '-m', mode, '-W'], runOptions(deps.user));
  } else {
    signal(running.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  }
}
