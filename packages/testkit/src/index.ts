export { MemorySessionStore } from './memory-session-store.js';
export { silentLog } from './silent-log.js';
