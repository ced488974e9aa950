import module from 'node:module';
import { pathToFileURL } from 'node:url';
import { inCheckout, settleDataDir } from '../checkout/paths.mjs';
import { prepare } from '../checkout/prepare.mjs';

await prepare();
settleDataDir();
// Where Node has one (22.8 and newer), compiled code is kept for the next start; a read-only checkout goes without.
module.enableCompileCache?.(inCheckout('node_modules', '.cache', 'trunkline'));
// A closed terminal is one more way to say stop; otherwise it would leave the embedded database behind.
process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
// In this process: one Node less in memory, and signals and the exit code need no passing on.
await import(pathToFileURL(inCheckout('apps/server/dist/main.js')).href);
