import { prepare } from '../checkout/prepare.mjs';

await prepare();
