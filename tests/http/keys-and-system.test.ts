import { KeyInfo, NewKey } from '@trunkline/api';
import { hashApiToken } from '@trunkline/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STORES, type TestOrg, World } from './world.js';

describe.each(STORES)('API keys over %s', (stores) => {
  let world: World;
  let org: TestOrg;
  beforeAll(async () => {
    world = await World.create({ stores });
    org = await world.org();
  });
  afterAll(() => world.stop());

  it('are made, used, listed without their token, and revoked', async () => {
    const made = await world.call(org, 'POST', '/v1/keys', { body: { name: ' helpdesk ' } });
    expect(made.status).toBe(201);
    expect(NewKey.strict().parse(made.json)).toEqual(made.json);
    expect(made.json).toMatchObject({
      name: 'helpdesk',
      scope: { phones: null, read: true, send: true, admin: false },
      expires_at: null,
      revoked_at: null,
    });
    const { token, key_id } = made.json;
    expect(token.startsWith(made.json.prefix)).toBe(true);
    expect((await world.call({ token }, 'GET', '/v1/phones/all')).status).toBe(200);
    expect((await world.call({ token }, 'GET', '/v1/keys')).status).toBe(401);

    const listed = await world.call(org, 'GET', '/v1/keys');
    expect(KeyInfo.strict().array().parse(listed.json)).toEqual(listed.json);
    expect(listed.json[0].key_id).toBe(key_id);
    expect(listed.text).not.toContain(token);
    expect(listed.text).not.toContain(Buffer.from(hashApiToken(token)).toString('hex'));

    expect((await world.call(org, 'DELETE', `/v1/keys/${key_id}`)).status).toBe(204);
    expect((await world.call({ token }, 'GET', '/v1/phones/all')).status).toBe(401);
    const actions = (await world.deps.orgs.listAudit(org.orgId, 10)).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['key.create', 'key.revoke']));
    expect(world.logLines.join('')).not.toContain(token);
  });

  it('may be limited to phones of the organisation, and expire', async () => {
    const { json: phone } = await world.call(org, 'POST', '/v1/phones/create');
    const body = {
      name: 'limited',
      scope: { phones: [phone.phone_id], read: true },
      expires_at: '2099-01-31T00:00:00+05:30',
    };
    const { status, json } = await world.call(org, 'POST', '/v1/keys', { body });
    expect(status).toBe(201);
    expect(json.scope).toEqual({ phones: [phone.phone_id], read: true, send: false, admin: false });
    expect(json.expires_at).toBe('2099-01-30T18:30:00.000+00:00');
  });

  it.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'a\u0000' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'k', scope: { read: false } }, 'scope'],
    [{ name: 'k', scope: { phones: [] } }, 'scope.phones'],
    [{ name: 'k', scope: { phones: ['x'] } }, 'scope.phones.0'],
    [{ name: 'k', scope: { phones: ['phone-aaaaaaaaaaaaaaaa'] } }, 'scope.phones'],
    [{ name: 'k', expires_at: 'tomorrow' }, 'expires_at'],
    [{ name: 'k', expires_at: '2001-01-01T00:00:00Z' }, 'expires_at'],
  ])('with the body %j are refused', async (body, field) => {
    const before = (await world.deps.orgs.listKeys(org.orgId)).length;
    const { status, json } = await world.call(org, 'POST', '/v1/keys', { body });
    expect([status, Object.keys(json.fields)]).toEqual([422, [field]]);
    expect((await world.deps.orgs.listKeys(org.orgId)).length).toBe(before);
  });

  it('that do not exist are 404, whatever the id looks like', async () => {
    for (const id of ['x', '1', '00000000-0000-4000-8000-000000000000', "';drop table api_keys;--"]) {
      expect((await world.call(org, 'DELETE', `/v1/keys/${encodeURIComponent(id)}`)).status).toBe(404);
    }
  });
});

describe('operation', () => {
  let world: World;
  let org: TestOrg;
  beforeAll(async () => {
    world = await World.create();
    org = await world.org();
  });
  afterAll(() => world.stop());

  it('health answers always, readiness only when the database does', async () => {
    expect((await world.call(null, 'GET', '/healthz')).json).toEqual({ status: 'ok' });
    expect((await world.call(null, 'GET', '/readyz')).json).toEqual({ ready: true, checks: { database: 'ok' } });
    world.readyFailure = new Error('connect ECONNREFUSED 10.0.0.7:5432');
    const { status, json, text } = await world.call(null, 'GET', '/readyz');
    expect([status, json.ready]).toEqual([503, false]);
    expect(text).not.toContain('10.0.0.7');
    expect((await world.call(null, 'GET', '/healthz')).status).toBe(200);
    world.readyFailure = null;
  });

  it('metrics are for this machine and for admins', async () => {
    await world.call(org, 'POST', '/v1/phones/create');
    const local = await world.call(null, 'GET', '/metrics');
    expect(local.status).toBe(200);
    expect(local.headers['content-type']).toContain('text/plain');
    expect(local.text).toContain('trunkline_phones{network="live",state="starting"} 1');
    expect(local.text).toMatch(/trunkline_http_requests_total\{route="createPhone",status="200"\} 1/);
    expect(local.text).toContain('trunkline_loop_delay_p99_seconds');
    expect(local.text).not.toContain(org.orgId);
    const far = { remoteAddress: '203.0.113.7' };
    expect((await world.call(null, 'GET', '/metrics', far)).status).toBe(401);
    expect((await world.call(null, 'GET', '/metrics', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(
      401,
    );
    const reader = await world.key(org.orgId, { read: true });
    expect((await world.call(reader, 'GET', '/metrics', far)).status).toBe(401);
    expect((await world.call(org, 'GET', '/metrics', far)).status).toBe(200);
  });

  it('the document and its page come from this server alone', async () => {
    const document = await world.call(null, 'GET', '/openapi.json');
    expect(document.json.openapi).toBe('3.1.0');
    expect(document.json.servers).toEqual([{ url: 'http://localhost:8080' }]);
    const page = await world.call(null, 'GET', '/docs');
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("connect-src 'self'");
    expect(page.text).not.toMatch(/https?:\/\//);
    const script = await world.call(null, 'GET', '/docs/scalar.js');
    expect(script.headers).toMatchObject({ 'content-encoding': 'gzip' });
    expect(script.bytes.length).toBeGreaterThan(500_000);
    expect(script.bytes.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    expect((await world.call(null, 'GET', '/docs/scalar.js')).bytes.equals(script.bytes)).toBe(true);
    expect((await world.call(null, 'GET', '/docs/start.js')).text).toContain('"withDefaultFonts":false');
  });
});

describe('the sandbox routes', () => {
  it('pass on the call of the organisation and its answer, as they are', async () => {
    const world = await World.create();
    const org = await world.org();
    world.sandboxAnswer = { status: 201, body: { id: 'm1' } };
    const body = { to: '14155550123', text: 'hi', more: [1] };
    const written = await world.call(org, 'POST', '/sandbox/v1/handsets/918527184400/messages', { body });
    expect([written.status, written.json]).toEqual([201, { id: 'm1' }]);
    expect(world.sandboxCalls).toEqual([
      { orgId: org.orgId, method: 'POST', path: '/sandbox/v1/handsets/918527184400/messages', body },
    ]);
    world.sandboxAnswer = { status: 200, body: [] };
    await world.call(org, 'GET', '/sandbox/v1/handsets/918527184400/messages?chat=1%40c.us&limit=5');
    expect(world.sandboxCalls.at(-1)?.path).toBe('/sandbox/v1/handsets/918527184400/messages?chat=1%40c.us&limit=5');
    world.sandboxAnswer = { status: 204, body: null };
    const done = await world.call(org, 'POST', '/sandbox/v1/reset');
    expect([done.status, done.text]).toEqual([204, '']);
    world.sandboxAnswer = { status: 409, body: { code: 'QR_EXPIRED', message: 'scan the new one', status: 409 } };
    const expired = await world.call(org, 'POST', '/sandbox/v1/handsets/1234567/scan', { body: { qr_code: 'x' } });
    expect(expired.json).toEqual({ code: 'QR_EXPIRED', message: 'scan the new one', status: 409 });
    await world.stop();
  });

  it('let a fault aim at a number, at everything, or at a phone of the organisation', async () => {
    const world = await World.create();
    const org = await world.org();
    const phone = await world.phone(org);
    world.sandboxAnswer = { status: 201, body: { id: 'f1' } };
    for (const target of ['918527184400', '*', phone.phoneId]) {
      const answer = await world.call(org, 'POST', '/sandbox/v1/faults', { body: { target, kind: 'drop' } });
      expect(answer.status).toBe(201);
      expect(world.sandboxCalls.at(-1)?.body).toEqual({ target, kind: 'drop' });
    }
    await world.stop();
  });

  it('are 404 with a reason where there is no sandbox, and 503 while it does not answer', async () => {
    const off = await World.create({ env: { TRUNKLINE_SANDBOX: 'off' } });
    const answer = await off.call(await off.org(), 'GET', '/sandbox/v1/handsets');
    expect([answer.status, answer.json.message]).toEqual([404, expect.stringContaining('TRUNKLINE_SANDBOX=off')]);
    await off.stop();
    const elsewhere = await World.create({ deps: { sandbox: null } });
    expect((await elsewhere.call(await elsewhere.org(), 'GET', '/sandbox/v1/handsets')).status).toBe(404);
    await elsewhere.stop();
    const broken = await World.create({ deps: { sandbox: { forward: () => Promise.reject(new Error('gone')) } } });
    const failed = await broken.call(await broken.org(), 'GET', '/sandbox/v1/handsets');
    expect([failed.status, failed.json.code]).toEqual([503, 'UNAVAILABLE_ERROR']);
    await broken.stop();
  });
});
