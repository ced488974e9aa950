import { ErrorBody, ROUTES, type Route } from '@trunkline/api';
import type { Phone } from '@trunkline/core';
import type { MemoryPhoneStore } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, EVERYTHING, linked, NUMBER, STORES, type TestOrg, World } from './world.js';

const CLOSED = ROUTES.filter((route) => route.permission !== 'public');
const UNKNOWN_PHONE = 'phone-zzzzzzzzzzzzzzzz';
const UNKNOWN_NUMBER = '14155559999';
const UNKNOWN_UUID = '00000000-0000-4000-8000-000000000000';

/** A request that would succeed if its ids were the caller's own. */
function request(route: Route, ids: { phone: string; uuid: string }) {
  const path = route.path.replace(':key_id', ids.uuid).replace(':number', UNKNOWN_NUMBER).replace(':id', ids.uuid);
  return {
    path,
    ...(route.phone === 'required' && { phone: ids.phone }),
    ...(route.body !== undefined && { body: route.bodyExample }),
  };
}

async function send(
  world: World,
  caller: { token: string } | null,
  route: Route,
  ids: { phone: string; uuid: string },
) {
  const { path, ...more } = request(route, ids);
  return world.call(caller, route.method, path, more);
}

describe.each(STORES)('organisations over %s', (stores) => {
  let world: World;
  let ours: TestOrg;
  let theirs: TestOrg;
  let theirPhone: Phone;

  beforeAll(async () => {
    world = await World.create({ stores });
    ours = await world.org('Ours');
    theirs = await world.org('Theirs');
    theirPhone = await world.phone(theirs, linked());
  });
  afterAll(() => world.stop());

  /** All that a route of ours could have changed of theirs. */
  async function theirWorld() {
    const { phones, orgs } = world.deps;
    const keys = (await orgs.listKeys(theirs.orgId)).map((key) => ({ ...key, lastUsedAt: null }));
    return JSON.stringify([await phones.list(theirs.orgId), keys, await orgs.listAudit(theirs.orgId, 1_000)]);
  }

  it.each(CLOSED.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s treats what is theirs like what is not there',
    async (_name, route) => {
      const caller = await world.key(ours.orgId, EVERYTHING);
      const before = await theirWorld();
      const owned = world.owner.calls.length;
      const pairs = [
        [
          { phone: theirPhone.phoneId, uuid: theirs.key.keyId },
          { phone: UNKNOWN_PHONE, uuid: UNKNOWN_UUID },
        ],
        [
          { phone: NUMBER, uuid: theirs.orgId },
          { phone: UNKNOWN_NUMBER, uuid: UNKNOWN_UUID },
        ],
      ] as const;
      for (const [foreign, unknown] of pairs) {
        const answer = await send(world, caller, route, foreign);
        const expected = await send(world, caller, route, unknown);
        expect(answer.status).toBe(expected.status);
        if (route.phone === 'required' || route.path.includes(':key_id')) {
          expect(answer.status).toBe(404);
          expect(answer.json).toEqual(expected.json);
          expect(answer.headers['x-periskope-phone-id']).toBeUndefined();
        }
        for (const secret of [theirs.orgId, theirPhone.phoneId, theirs.key.keyId]) {
          expect(answer.text).not.toContain(secret);
        }
      }
      for (const call of world.sandboxCalls) expect(call.orgId).toBe(ours.orgId);
      expect(world.owner.calls.length).toBe(owned);
      expect(await theirWorld()).toBe(before);
      if (stores === 'memory') expect((world.deps.phones as MemoryPhoneStore).waiting).toEqual([]);
    },
  );

  it('neither a fault nor a key can name a phone of theirs', async () => {
    const fault = (target: string) =>
      world.call(ours, 'POST', '/sandbox/v1/faults', { body: { target, kind: 'drop' } });
    const forwarded = world.sandboxCalls.length;
    expect((await fault(theirPhone.phoneId)).json).toEqual((await fault(UNKNOWN_PHONE)).json);
    expect((await fault(theirPhone.phoneId)).status).toBe(404);
    expect(world.sandboxCalls.length).toBe(forwarded);
    const key = async (phoneId: string) => {
      const { status, json } = await world.call(ours, 'POST', '/v1/keys', {
        body: { name: 'k', scope: { phones: [phoneId], read: true } },
      });
      return [status, JSON.stringify(json).replaceAll(phoneId, 'ID')];
    };
    expect(await key(theirPhone.phoneId)).toEqual(await key(UNKNOWN_PHONE));
    expect((await key(theirPhone.phoneId))[0]).toBe(422);
  });
});

describe('every route', () => {
  let world: World;
  let org: TestOrg;
  beforeAll(async () => {
    world = await World.create();
    org = await world.org();
  });
  afterAll(() => world.stop());

  const ids = { phone: UNKNOWN_PHONE, uuid: UNKNOWN_UUID };

  function expectError(answer: Answer, status: number, code: string): void {
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(2);
    expect(answer.headers['x-periskope-trace-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(ErrorBody.strict().parse(answer.json)).toMatchObject({ status, code });
    expect(answer.text).not.toMatch(/node_modules|\.ts:|FST_|statusCode/);
  }

  it.each(CLOSED.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s answers errors in the shape of the contract',
    async (_name, route) => {
      const caller = await world.key(org.orgId, EVERYTHING);
      const { path, phone } = request(route, ids);
      const named = phone === undefined ? {} : { phone };
      for (const nobody of [null, { token: 'tl_wrong' }, { token: '' }]) {
        const answer = await world.call(nobody, route.method, path, {
          ...named,
          remoteAddress: `10.1.1.${Math.ceil(Math.random() * 250)}`,
        });
        expectError(answer, 401, 'UNAUTHORIZED_ERROR');
        expect(answer.json.message).toBe('Invalid bearer auth token');
        expect(answer.headers['x-ratelimit-limit']).toBe('100');
      }
      for (const scope of [{ phones: [UNKNOWN_PHONE], read: true, send: true }, { send: true }]) {
        const weak = await world.key(org.orgId, scope);
        const answer = await world.call(weak, route.method, path, named);
        if (route.permission === 'read' && 'read' in scope) expect(answer.status).not.toBe(401);
        else expectError(answer, 401, 'UNAUTHORIZED_ERROR');
      }
      if (route.phone === 'required') {
        expectError(await world.call(caller, route.method, path), 422, 'VALIDATION_ERROR');
        expectError(await world.call(caller, route.method, path, named), 404, 'NOT_FOUND_ERROR');
      }
      if (route.method === 'GET') return;
      expectError(await world.call(caller, route.method, path, { ...named, body: '{' }), 400, 'BAD_REQUEST_ERROR');
      if (route.body === undefined) return;
      const odd = { ...named, body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
      expectError(await world.call(caller, route.method, path, odd), 415, 'UNSUPPORTED_MEDIA_TYPE_ERROR');
      const tooLong = String((route.bodyLimitBytes ?? 1_000_000) + 1);
      const huge = { ...named, body: {}, headers: { 'content-length': tooLong } };
      expectError(await world.call(caller, route.method, path, huge), 413, 'PAYLOAD_TOO_LARGE_ERROR');
    },
  );

  it('that does not exist is 404, and with another method 405', async () => {
    expectError(await world.call(org, 'GET', '/v1/nothing'), 404, 'NOT_FOUND_ERROR');
    expectError(await world.call(null, 'GET', '/'), 404, 'NOT_FOUND_ERROR');
    expectError(await world.call(org, 'GET', '/v1/phones/%ZZ'), 404, 'NOT_FOUND_ERROR');
    const wrong = await world.call(org, 'PUT', '/v1/phones');
    expectError(wrong, 405, 'METHOD_NOT_ALLOWED_ERROR');
    expect(wrong.headers.allow).toBe('GET');
    expect((await world.call(org, 'GET', '/v1/phones/restart')).headers.allow).toBe('POST');
    expect((await world.call(org, 'PUT', `/v1/keys/${UNKNOWN_UUID}`)).headers.allow).toBe('DELETE');
  });

  it('is registered, and nothing else is', async () => {
    const known = new Set(ROUTES.map((route) => `${route.method} ${route.path}`));
    for (const { method, path } of ROUTES) expect(world.app.hasRoute({ method, url: path })).toBe(true);
    const printed = world.app.printRoutes({ commonPrefix: false });
    expect(printed).toContain('/phones');
    expect(known.size).toBe(ROUTES.length);
  });

  it('may be asked from a page of another site, with a key', async () => {
    const answer = await world.call(null, 'OPTIONS', '/v1/phones/update');
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([204, '*']);
    expect(answer.headers['access-control-allow-methods']).toContain('PATCH');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('hides what went wrong inside, and logs it', async () => {
    const secret = 'select * from secrets at 10.0.0.7';
    const broken = await World.create({
      deps: { storage: { ...world.deps.storage, get: () => Promise.reject(new Error(secret)) } },
    });
    const answer = await broken.call(null, 'GET', `/phone-images/${UNKNOWN_UUID}%2F${NUMBER}%40c.us.jpg`);
    expect(answer.json).toEqual({ code: 'UNKNOWN_ERROR', message: 'Internal server error', status: 500 });
    const line = broken.logLines.find((text) => text.includes('request failed'));
    expect(line).toContain(secret);
    expect(line).toContain(String(answer.headers['x-periskope-trace-id']));
    await broken.stop();
  });
});
