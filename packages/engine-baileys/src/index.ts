export { createBaileysEngine } from './baileys-engine.js';
export type { BaileysEngineOptions } from './engine-options.js';
