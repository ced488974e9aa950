import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sql } from '../sql/sql.js';
import { makeOrg, makePhone } from '../testing/make-phone.js';
import { silentLog } from '../testing/silent-log.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';
import { DataKeys } from './data-keys.js';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = new Sql(
    { url: database.url, applicationName: 'test', statementTimeoutMs: 5_000, poolSize: 1, patienceMs: 1_000 },
    silentLog,
  );
});
afterAll(async () => {
  await sql.close();
  await database.drop();
});

test('every phone has a key of its own, and only so many are kept in memory', async () => {
  const orgId = await makeOrg(database.db);
  const phones = [
    await makePhone(database.db, orgId),
    await makePhone(database.db, orgId),
    await makePhone(database.db, orgId),
  ];
  const keys = new DataKeys(sql, database.masterKey, 2);
  const read = await Promise.all(phones.map((phone) => keys.of(phone.phoneId)));
  expect(new Set(read.map((key) => key.toString('hex'))).size).toBe(3);
  await database.rows('delete from phone_keys');
  const still = await Promise.allSettled(phones.map((phone) => keys.of(phone.phoneId)));
  expect(still.map((outcome) => outcome.status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
});

test('a wrapped key that was moved to another phone is refused', async () => {
  const orgId = await makeOrg(database.db);
  const [a, b] = [await makePhone(database.db, orgId), await makePhone(database.db, orgId)];
  await database.rows(
    'update phone_keys set wrapped_key = (select wrapped_key from phone_keys where phone_id = $1) where phone_id = $2',
    [a.phoneId, b.phoneId],
  );
  const keys = new DataKeys(sql, database.masterKey);
  await keys.of(a.phoneId);
  await expect(keys.of(b.phoneId)).rejects.toThrow('moved from another row');
});
