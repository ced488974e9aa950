/** Global set-up of the test runner: a home for the shared server, and its end. The server starts with its first user. */
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Only modules without workspace imports: the runner loads this file before it can resolve those to their sources.
import { installedBinaries } from '../embedded/binaries.js';
import { chooseUser } from '../embedded/run-as.js';
import { stopServer } from '../embedded/stop-server.js';
import { silentLog } from './silent-log.js';
import { TEST_HOME } from './test-home.js';

const NAME = /^trunkline-testdb-(\d+)-/;

export default async function shareTestServer(): Promise<() => Promise<void>> {
  await removeAbandoned();
  const home = realpathSync(mkdtempSync(join(tmpdir(), `trunkline-testdb-${process.pid}-`)));
  process.env[TEST_HOME] = home;
  return async () => {
    delete process.env[TEST_HOME];
    await remove(home);
  };
}

/** A run that was killed could not clean up; its servers would run for ever. */
async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const runner = Number(NAME.exec(name)?.[1] ?? process.pid);
    const home = join(realpathSync(tmpdir()), name);
    if (!isAlive(runner) && statSync(home).uid === process.getuid?.()) await remove(home);
  }
}

async function remove(home: string): Promise<void> {
  const serverDir = join(home, 'postgres');
  if (existsSync(serverDir)) {
    await stopServer({ serverDir, user: chooseUser(serverDir), binaries: installedBinaries(), log: silentLog });
  }
  rmSync(home, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
