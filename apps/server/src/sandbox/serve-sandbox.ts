import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Log, systemClock } from '@trunkline/core';
import type { Config } from '../config/config.js';
import type { RunningServer } from '../start-server.js';
import { SandboxProcess } from './sandbox-process.js';

/** The role `sandbox`: only our network, for workers on this machine and for other clients. */
export async function serveSandbox(config: Config, log: Log): Promise<RunningServer> {
  const sandbox = new SandboxProcess({ journalPath: sandboxJournal(config.dataDir), clock: systemClock, log });
  const { network } = await sandbox.use();
  const caPath = join(config.dataDir, 'sandbox-ca.pem');
  writeFileSync(caPath, network.ca);
  log.info('sandbox network runs', { url: network.url, root: network.root, ca: caPath });
  return { url: null, stop: () => sandbox.stop() };
}

export function sandboxJournal(dataDir: string): string {
  return join(dataDir, 'sandbox', 'world.journal');
}
