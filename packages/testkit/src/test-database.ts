/** Databases for tests of any package. */
export { createTestDatabase, silentLog, type TestDatabase } from '@trunkline/postgres/testing';
