import { onSupportedNode } from './checkout/node-version.mjs';

onSupportedNode(() => import('./commands/dev.mjs'));
