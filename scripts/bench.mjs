import { onSupportedNode } from './checkout/node-version.mjs';

onSupportedNode(() => import('./commands/bench.mjs'));
