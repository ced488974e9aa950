/** Global set-up of the test runner: a home for the shared server, and its end. The server starts with its first user. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Only modules without workspace imports: the runner loads this file before it can resolve those to their sources.
import { installedBinaries } from '../embedded/binaries.js';
import { chooseUser } from '../embedded/run-as.js';
import { stopServer } from '../embedded/stop-server.js';
import { silentLog } from './silent-log.js';
import { TEST_HOME } from './test-home.js';

export default function shareTestServer(): () => Promise<void> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'trunkline-test-')));
  process.env[TEST_HOME] = home;
  return async () => {
    delete process.env[TEST_HOME];
    const serverDir = join(home, 'postgres');
    if (existsSync(serverDir)) {
      await stopServer({ serverDir, user: chooseUser(serverDir), binaries: installedBinaries(), log: silentLog });
    }
    rmSync(home, { recursive: true, force: true });
  };
}
