import { baileysDriver } from './baileys-client.js';
import type { ClientDriver } from './foreign-client.js';
import { zapoDriver } from './zapo-client.js';

/** Every library the network is judged by. */
export const drivers: readonly ClientDriver[] = [baileysDriver, zapoDriver];
