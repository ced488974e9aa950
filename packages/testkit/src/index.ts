export * from './api-caller.js';
export * from './eventually.js';
export * from './invariant-poller.js';
export * from './server-process.js';
export * from './test-database.js';
export * from './testbed.js';
