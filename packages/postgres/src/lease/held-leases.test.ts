import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNode, makeOrg, makePhone } from '../testing/make-phone.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('a node can ask what is its own by what is stored, with the epochs of the claim', async () => {
  const { leases } = database.db;
  const orgId = await makeOrg(database.db);
  for (let phone = 0; phone < 3; phone += 1) await makePhone(database.db, orgId);
  const [a, b] = [await makeNode(database.db), await makeNode(database.db)];
  const taken = await leases.claim(a.nodeId, 'sandbox', 2);
  await leases.claim(b.nodeId, 'sandbox', 10);
  const byPhone = (one: { phoneId: string }, other: { phoneId: string }) => (one.phoneId < other.phoneId ? -1 : 1);
  expect((await leases.held(a.nodeId)).sort(byPhone)).toEqual([...taken].sort(byPhone));
  await leases.release(taken);
  expect(await leases.held(a.nodeId)).toEqual([]);
  expect(await leases.held(b.nodeId)).toHaveLength(1);
});
