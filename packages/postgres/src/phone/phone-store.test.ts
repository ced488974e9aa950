import { randomUUID } from 'node:crypto';
import type { Phone, PhoneState } from '@trunkline/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const starting: PhoneState = {
  name: 'starting',
  purpose: 'pair',
  then: null,
  connectedUntil: null,
  failures: 0,
  since: 1,
};

describe('a phone', () => {
  test('is stored as it was answered', async () => {
    const { orgs, phones } = database.db;
    const { orgId } = await orgs.createOrganisation('Acme');
    const seen: Phone[] = [];
    const labels = await phones.resolveLabels(orgId, 'phone', ['Sales', 'North']);
    const phone = await phones.create({
      orgId,
      phoneId: `phone-${randomUUID()}`,
      network: 'sandbox',
      state: starting,
      labels,
      name: 'Desk',
      events: (created) => {
        seen.push(created);
        return [{ name: 'org.phone.updated', payload: '{}' }];
      },
    });
    expect(seen).toEqual([phone]);
    expect(await phones.find(orgId, phone.phoneId)).toEqual(phone);
  });
});
