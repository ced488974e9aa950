import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeOrg } from '../testing/make-phone.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const hash = (token: string) => createHash('sha256').update(token).digest();
const scope = { phones: ['phone-a'], read: true, send: false, admin: false };

function addKey(orgId: string, token: string, expiresAt: Date | null = null) {
  return database.db.orgs.addKey({ orgId, name: 'CI', prefix: 'tl_abc', tokenHash: hash(token), scope, expiresAt });
}

test('organisations are listed in the order of their creation and found by id only', async () => {
  const { orgs } = database.db;
  const [a, b] = [await orgs.createOrganisation('A'), await orgs.createOrganisation('B')];
  expect(await orgs.listOrganisations()).toEqual([a, b]);
  expect(await orgs.findOrganisation(b.orgId)).toEqual(b);
  expect(await orgs.findOrganisation(randomUUID())).toBeNull();
  expect(await orgs.findOrganisation("' or true --")).toBeNull();
});

test('a key is found by the hash of its token until it is revoked or expires', async () => {
  const { orgs } = database.db;
  const orgId = await makeOrg(database.db);
  const key = await addKey(orgId, 'token 1');
  expect(key).toMatchObject({
    orgId,
    name: 'CI',
    prefix: 'tl_abc',
    scope,
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null,
  });
  expect(await orgs.findKey(hash('token 1'))).toEqual(key);
  expect(await orgs.findKey(hash('token 2'))).toBeNull();
  expect(await orgs.revokeKey(await makeOrg(database.db), key.keyId)).toBe(false);
  expect(await orgs.revokeKey(orgId, 'no uuid')).toBe(false);
  expect(await orgs.findKey(hash('token 1'))).not.toBeNull();
  expect(await orgs.revokeKey(orgId, key.keyId)).toBe(true);
  expect(await orgs.findKey(hash('token 1'))).toBeNull();
  expect((await orgs.listKeys(orgId))[0]?.revokedAt).toBeInstanceOf(Date);
  await addKey(orgId, 'expired', new Date(Date.now() - 1_000));
  await addKey(orgId, 'valid', new Date(Date.now() + 3_600_000));
  expect(await orgs.findKey(hash('expired'))).toBeNull();
  expect(await orgs.findKey(hash('valid'))).not.toBeNull();
  await expect(addKey(orgId, 'valid')).rejects.toThrow('duplicate key');
});

test('the last use of a key is noted', async () => {
  const { orgs } = database.db;
  const orgId = await makeOrg(database.db);
  const key = await addKey(orgId, 'used');
  await orgs.touchKey(key.keyId);
  await orgs.touchKey(key.keyId);
  expect((await orgs.listKeys(orgId))[0]?.lastUsedAt).toBeInstanceOf(Date);
});

test('the audit log tells newest first, of its organisation only', async () => {
  const { orgs } = database.db;
  const [orgId, other] = [await makeOrg(database.db), await makeOrg(database.db)];
  const entry = (action: string) => ({
    orgId,
    actor: 'key',
    action,
    subject: 'phone-a',
    detail: { was: 'x', n: 1, none: null },
  });
  await orgs.audit(entry('first'));
  await orgs.audit(entry('second'));
  const log = await orgs.listAudit(orgId, 10);
  expect(log).toMatchObject([entry('second'), entry('first')]);
  expect(log[0]?.at).toBeInstanceOf(Date);
  expect(await orgs.listAudit(orgId, 1)).toHaveLength(1);
  expect(await orgs.listAudit(other, 10)).toEqual([]);
});
