export { silentLog } from './silent-log.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
