/** Starts one PostgreSQL process and waits until it answers or ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { until } from '../support/until.js';
import type { Binaries } from './binaries.js';
import { type Listening, probe } from './listening.js';
import { type RunAs, runOptions } from './run-as.js';
import { firstComplaint, openServerLog, serverLogFile } from './server-log.js';
import { serverArguments } from './server-settings.js';

export interface LaunchDeps {
  readonly dataDir: string;
  readonly serverDir: string;
  readonly user: RunAs;
  readonly binaries: Binaries;
}

/** Recovery after a crash replays at most the write-ahead log that the settings allow. */
const START_MS = 60_000;
const END_MS = 10_000;

/** Null when the new server answers, otherwise its complaint; then it has ended. */
export async function launchServer(deps: LaunchDeps, listening: Listening, stop: AbortSignal): Promise<string | null> {
  const file = serverLogFile(deps.dataDir);
  const log = openServerLog(file);
  const child = spawnServer(deps, listening, log.fd);
  log.close();
  const end: { reason: string | null } = { reason: null };
  child.once('error', (error) => {
    end.reason = error.message;
  });
  child.once('exit', (code, signal) => {
    end.reason ??= `it ended with ${signal ?? `code ${code}`}`;
  });
  const settled = async () => end.reason !== null || (await probe(listening, deps.dataDir));
  const answered = await until(START_MS, settled, stop);
  if (end.reason !== null) return firstComplaint(file, log.size) ?? end.reason;
  if (answered) return null;
  child.kill('SIGQUIT');
  await until(END_MS, () => end.reason !== null);
  return 'it does not answer';
}

function spawnServer(deps: LaunchDeps, listening: Listening, log: number): ChildProcess {
  const child = spawn(deps.binaries.postgres, serverArguments(deps.serverDir, listening), {
    ...runOptions(deps.user),
    cwd: '/',
    // A group of its own: Ctrl-C at the terminal reaches us, and we stop it in order.
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  return child;
}
