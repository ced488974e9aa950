import { pathToFileURL } from 'node:url';
import { inCheckout, settleDataDir } from '../checkout/paths.mjs';
import { prepare } from '../checkout/prepare.mjs';

await prepare();
settleDataDir();
await import(pathToFileURL(inCheckout('apps/cli/dist/main.js')).href);
