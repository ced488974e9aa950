import { spawn } from 'node:child_process';
import { inCheckout, root, settleDataDir } from '../checkout/paths.mjs';
import { prepare } from '../checkout/prepare.mjs';

await prepare();
settleDataDir();

// The compiler writes what changed, and Node starts the server again with it: development runs what production runs.
const children = [
  [inCheckout('node_modules/typescript/bin/tsc'), '--build', '--watch', '--preserveWatchOutput', 'tsconfig.build.json'],
  ['--watch', '--watch-preserve-output', inCheckout('apps/server/dist/main.js')],
].map((args) => spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }));

const stopAll = () => {
  for (const child of children) child.kill('SIGTERM');
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stopAll);
for (const child of children) child.once('exit', stopAll);
