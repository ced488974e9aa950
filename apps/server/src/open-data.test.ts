import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WrongMasterKey } from '@trunkline/postgres';
import { silentLog } from '@trunkline/testkit/phone';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from './config/config.js';
import { openData } from './open-data.js';

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'open-data-'));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Processes that work in the database directory; every PostgreSQL process does. */
function databaseProcesses(): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readlinkSync(`/proc/${entry}/cwd`) === join(dataDir, 'postgres');
    } catch {
      return false;
    }
  });
}

test.runIf(process.platform === 'linux')(
  'a start that fails leaves no database running and the directory free',
  async () => {
    const config = readConfig({ TRUNKLINE_DATA_DIR: dataDir });
    const key = randomBytes(32);
    const first = await openData(config, key, silentLog);
    expect(databaseProcesses().length).toBeGreaterThan(0);
    await first.stop();

    await expect(openData(config, randomBytes(32), silentLog)).rejects.toThrow(WrongMasterKey);
    expect(databaseProcesses()).toEqual([]);

    const again = await openData(config, key, silentLog);
    await again.stop();
  },
);
