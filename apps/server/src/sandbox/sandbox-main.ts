/** Entry of the process that runs the sandbox network. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { startSandbox } from '@trunkline/simulator';
import { connectToSupervisor } from '../supervise/child-side.js';
import type { SandboxInit, SandboxReady } from './sandbox-process.js';

const side = await connectToSupervisor<SandboxInit, SandboxReady>();
mkdirSync(dirname(side.init.journalPath), { recursive: true, mode: 0o700 });
const sandbox = await startSandbox({
  journalPath: side.init.journalPath,
  log: (level, message, fields) => side.tell({ kind: 'log', level, message, fields }),
});
side.onStop(() => {
  void sandbox.stop().finally(() => process.exit(0));
});
side.ready({ network: sandbox.network, control: sandbox.control });
