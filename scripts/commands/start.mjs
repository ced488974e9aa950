import { pathToFileURL } from 'node:url';
import { inCheckout, settleDataDir } from '../checkout/paths.mjs';
import { prepare } from '../checkout/prepare.mjs';

await prepare();
settleDataDir();
// A closed terminal is one more way to say stop; otherwise it would leave the embedded database behind.
process.on('SIGHUP', () => process.kill(process.pid, 'SIGTERM'));
// In this process: one Node less in memory, and signals and the exit code need no passing on.
await import(pathToFileURL(inCheckout('apps/server/dist/main.js')).href);
