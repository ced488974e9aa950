export * from '../silent-log.js';
export * from './fake-engine.js';
export * from './manual-clock.js';
export * from './memory-database.js';
export * from './memory-lease-store.js';
export * from './memory-owned-store.js';
export * from './phone-world.js';
