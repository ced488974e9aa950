import { PhoneInfo, PhoneRow, phoneRoutes } from '@trunkline/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linked, NUMBER, off, online, pairing, QR, STORES, type TestOrg, World } from './world.js';

const INFO_KEYS = Object.keys(PhoneInfo.shape);

describe.each(STORES)('phone calls over %s', (stores) => {
  let world: World;
  let org: TestOrg;

  beforeAll(async () => {
    world = await World.create({ stores, env: { TRUNKLINE_MAX_PHONES: '200' } });
    org = await world.org();
  });
  afterAll(() => world.stop());

  it('create answers 200 with the full row and starts workers, also without a body', async () => {
    const { status, json, headers } = await world.call(org, 'POST', '/v1/phones/create', {
      headers: { 'content-length': '0' },
    });
    expect(status).toBe(200);
    expect(PhoneRow.strict().parse(json)).toEqual(json);
    expect(json).toMatchObject({
      org_id: org.orgId,
      org_phone: null,
      wa_state: 'DISCONNECTED',
      qr_code: null,
      is_browser_open: true,
      is_ready: false,
      network: 'live',
      status: 'connecting',
      labels: [],
      label_ids: {},
    });
    expect(json.phone_id).toMatch(/^phone-[a-z]{16}$/);
    expect(json.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}\+00:00$/);
    expect(headers['x-periskope-org-id']).toBe(org.orgId);
    expect(world.startedWorkers.at(-1)).toBe('live');
  });

  it.each([{}, null])('create takes the body %j', async (body) => {
    expect((await world.call(org, 'POST', '/v1/phones/create', { body })).status).toBe(200);
  });

  it('create takes network, name and labels', async () => {
    const body = { network: 'sandbox', phone_name: ' Desk ', labels: 'Front, front,,Night' };
    const { json } = await world.call(org, 'POST', '/v1/phones/create', { body });
    expect(json).toMatchObject({ network: 'sandbox', phone_name: 'Desk', labels: ['Front', 'Night'] });
    expect(Object.keys(json.label_ids)).toHaveLength(2);
    expect(world.startedWorkers.at(-1)).toBe('sandbox');
  });

  it('info shows the keys of the contract, in its order, and says which phone', async () => {
    const phone = await world.phone(org, linked());
    const { status, json, headers } = await world.call(org, 'GET', '/v1/phones', { phone: phone.phoneId });
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(INFO_KEYS);
    expect(json).toMatchObject({
      org_phone: `${NUMBER}@c.us`,
      wa_state: 'CONNECTED',
      is_ready: true,
      is_browser_open: true,
      qr_code: null,
      status: 'ready',
    });
    expect(headers).toMatchObject({ 'x-periskope-phone-id': phone.phoneId, 'x-ratelimit-limit': '100' });
    expect(headers['x-periskope-trace-id']).toMatch(/^[0-9a-f-]{36}$/);
    await world.call(org, 'DELETE', '/v1/phones/delete', { phone: phone.phoneId });
  });

  it.each([
    ['digits', NUMBER],
    ['digits with suffix', `${NUMBER}@c.us`],
    ['a leading plus', `+${NUMBER}`],
    ['plus and suffix', `+${NUMBER}@c.us`],
  ])('x-phone may be %s, and means the connected phone', async (_what, header) => {
    const old = await world.phone(org, { number: NUMBER, state: off() });
    const connected = await world.phone(org, linked());
    const newest = await world.phone(org, { number: NUMBER, state: off() });
    expect((await world.call(org, 'GET', '/v1/phones', { phone: header })).json.phone_id).toBe(connected.phoneId);
    await world.owner.change(org.orgId, connected.phoneId, { state: off() });
    const found = (await world.call(org, 'GET', '/v1/phones', { phone: header })).json.phone_id;
    expect([old.phoneId, newest.phoneId, connected.phoneId]).toContain(found);
    for (const { phoneId } of [old, connected, newest]) {
      await world.call(org, 'DELETE', '/v1/phones/delete', { phone: phoneId });
    }
  });

  it('x-phone missing is 422 with the text of the contract', async () => {
    for (const phone of [undefined, '', '  ']) {
      const { status, json } = await world.call(org, 'GET', '/v1/phones', phone === undefined ? {} : { phone });
      expect(status).toBe(422);
      expect(json).toEqual({
        code: 'VALIDATION_ERROR',
        message: 'Missing Header: {x-phone}',
        status: 422,
        name: 'Validation Error',
        fields: { 'x-phone': { message: expect.stringContaining('phone_id') } },
      });
    }
  });

  it.each(['abc', '91 8527 184400', '0918527184400', '123', `${NUMBER}@g.us`, `${NUMBER}, ${NUMBER}`, `--${NUMBER}`])(
    'x-phone %j is 422',
    async (phone) => {
      expect((await world.call(org, 'GET', '/v1/phones', { phone })).json).toMatchObject({
        code: 'VALIDATION_ERROR',
        message: 'Invalid Header: {x-phone}',
      });
    },
  );

  it.each(['phone-aaaaaaaaaaaaaaaa', '14155550199', 'phone-x'])('x-phone %j that nobody has is 404', async (phone) => {
    const { status, json } = await world.call(org, 'GET', '/v1/phones', { phone });
    expect(status).toBe(404);
    expect(json).toEqual({ code: 'NOT_FOUND_ERROR', message: 'Phone not found', status: 404 });
  });

  it('all ignores x-phone and filters by label and status', async () => {
    const other = await world.org('Filters');
    const a = await world.phone(other, linked());
    const b = await world.phone(other, { state: off() });
    await world.call(other, 'PATCH', '/v1/phones/update', { phone: a.phoneId, body: { labels: 'Front Desk' } });
    const ids = async (query: string) => {
      const { json } = await world.call(other, 'GET', `/v1/phones/all${query}`, { phone: 'nonsense' });
      return json.map((phone: PhoneInfo) => phone.phone_id);
    };
    const labelId = Object.keys((await world.call(other, 'GET', '/v1/phones', { phone: a.phoneId })).json.label_ids)[0];
    expect(new Set(await ids(''))).toEqual(new Set([a.phoneId, b.phoneId]));
    expect(await ids('?label=front%20desk')).toEqual([a.phoneId]);
    expect(await ids(`?label=${labelId}`)).toEqual([a.phoneId]);
    expect(await ids('?label=none')).toEqual([]);
    expect(await ids('?status=stopped')).toEqual([b.phoneId]);
    expect(new Set(await ids('?status=stopped,ready'))).toEqual(new Set([a.phoneId, b.phoneId]));
    expect(await ids('?status=ready&label=other,FRONT%20DESK')).toEqual([a.phoneId]);
    const { status, json } = await world.call(other, 'GET', '/v1/phones/all?status=happy');
    expect(status).toBe(422);
    expect(json.fields.status.value).toBe('happy');
  });

  it('restart, reset and resync answer 204, wake workers and leave one command each', async () => {
    const phone = await world.phone(org, linked());
    for (const [path, kind] of [
      ['restart', 'restart'],
      ['reset', 'reset'],
      ['resync', 'resync'],
    ] as const) {
      const started = world.startedWorkers.length;
      for (const headers of [{ 'content-length': '0' }, {}]) {
        const answer = await world.call(org, 'POST', `/v1/phones/${path}`, { phone: phone.phoneId, headers });
        expect(answer.status).toBe(204);
        expect(answer.text).toBe('');
      }
      expect(world.startedWorkers.length).toBe(started + 2);
      const audited = await world.deps.orgs.listAudit(org.orgId, 1);
      expect(audited[0]).toMatchObject({ action: `phone.${kind}`, subject: phone.phoneId });
    }
  });

  it('delete answers 204 with or without a body and hides the phone everywhere', async () => {
    const org = await world.org('Deleting');
    for (const body of [undefined, {}, { anything: [1] }, 'plain']) {
      const phone = await world.phone(org, linked());
      const request = { phone: phone.phoneId, ...(body === undefined ? {} : { body }) };
      const headers = body === 'plain' ? { 'content-type': 'text/plain' } : {};
      const answer = await world.call(org, 'DELETE', '/v1/phones/delete', { ...request, headers });
      expect([answer.status, answer.text]).toEqual([204, '']);
      for (const path of ['/v1/phones', '/v1/phones/qr', '/v1/phones/history']) {
        expect((await world.call(org, 'GET', path, { phone: phone.phoneId })).status).toBe(404);
      }
      expect((await world.call(org, 'GET', '/v1/phones', { phone: NUMBER })).status).toBe(404);
      expect((await world.call(org, 'GET', '/v1/phones/all')).text).not.toContain(phone.phoneId);
      const again = await world.call(org, 'DELETE', '/v1/phones/delete', { phone: phone.phoneId });
      expect(again.status).toBe(404);
    }
  });

  it('qr gives a serialised Buffer of a PNG to whoever accepts everything', async () => {
    const phone = await world.phone(org, { state: pairing() });
    for (const accept of [undefined, '*/*', 'application/json', 'text/html', 'application/json, image/png']) {
      const { status, json, headers } = await world.call(org, 'GET', '/v1/phones/qr', {
        phone: phone.phoneId,
        headers: accept === undefined ? {} : { accept },
      });
      expect(status).toBe(200);
      expect(headers['content-type']).toContain('application/json');
      expect(phoneRoutes.qr.success.schema?.parse(json)).toEqual(json);
      expect(Buffer.from(json.data).subarray(1, 4).toString()).toBe('PNG');
    }
    expect((await world.call(org, 'GET', '/v1/phones', { phone: phone.phoneId })).json.qr_code).toBe(QR);
  });

  it.each([
    ['image/png', 'image/png', 'PNG'],
    ['image/*;q=0.9', 'image/png', 'PNG'],
    ['image/svg+xml', 'image/svg+xml', '<svg'],
    ['text/plain', 'text/plain', '█'],
  ])('qr answers Accept: %s with the picture itself', async (accept, type, content) => {
    const phone = await world.phone(org, { state: pairing() });
    const answer = await world.call(org, 'GET', '/v1/phones/qr', { phone: phone.phoneId, headers: { accept } });
    expect(answer.headers['content-type']).toContain(type);
    expect(answer.bytes.toString('utf8')).toContain(content);
  });

  it.each([
    ['png', 'image/png'],
    ['svg', 'image/svg+xml'],
    ['json', 'application/json'],
    ['text', 'text/plain'],
  ])('qr?format=%s wins over Accept', async (format, type) => {
    const phone = await world.phone(org, { state: pairing() });
    const headers = { accept: 'image/png' };
    const answer = await world.call(org, 'GET', `/v1/phones/qr?format=${format}`, { phone: phone.phoneId, headers });
    expect(answer.headers['content-type']).toContain(type);
  });

  it('qr says what to do when there is none', async () => {
    const phone = await world.phone(org);
    const look = async () => {
      const { status, json } = await world.call(org, 'GET', '/v1/phones/qr', { phone: phone.phoneId });
      expect([status, json.code]).toEqual([404, 'NOT_FOUND_ERROR']);
      return json.message;
    };
    expect(await look()).toMatch(/in a moment/);
    await world.owner.change(org.orgId, phone.phoneId, { state: off() });
    expect(await look()).toMatch(/[Rr]estart or reset/);
    await world.owner.change(org.orgId, phone.phoneId, { state: online() });
    expect(await look()).toMatch(/connected/);
    const bad = await world.call(org, 'GET', '/v1/phones/qr?format=gif', { phone: phone.phoneId });
    expect(bad.status).toBe(422);
    expect(bad.json.fields.format).toEqual({ message: 'must be one of json, png, svg, text', value: 'gif' });
  });

  it('pairing-code asks the owner and refuses what cannot work', async () => {
    const phone = await world.phone(org, { state: pairing() });
    const ask = (number: unknown) =>
      world.call(org, 'POST', '/v1/phones/pairing-code', { phone: phone.phoneId, body: { number } });
    expect((await ask(`+${NUMBER}`)).json).toEqual({ code: 'K7QX2MPD', expires_at: '2025-04-12T09:18:26.668+00:00' });
    expect(world.owner.calls.at(-1)).toBe(`code ${NUMBER}`);
    for (const bad of ['', 'abc', 12, null, undefined]) {
      const { status, json } = await ask(bad);
      expect([status, Object.keys(json.fields)]).toEqual([422, ['number']]);
    }
    await world.owner.change(org.orgId, phone.phoneId, { number: '14155550123' as typeof NUMBER });
    expect((await ask(NUMBER)).status).toBe(409);
    await world.owner.change(org.orgId, phone.phoneId, { state: off() });
    expect((await ask('14155550123')).json).toMatchObject({ status: 409, code: 'PHONE_NOT_CONNECTED' });
    await world.owner.change(org.orgId, phone.phoneId, { state: online() });
    expect((await ask('14155550123')).json).toMatchObject({ status: 409, code: 'CONFLICT_ERROR' });
  });

  it('history tells the states, newest first, as many as asked for', async () => {
    const phone = await world.phone(org);
    const { json } = await world.call(org, 'GET', '/v1/phones/history', { phone: phone.phoneId });
    expect(phoneRoutes.history.success.schema?.parse(json)).toEqual(json);
    expect(json.at(-1)).toMatchObject({ state: 'starting' });
    for (const limit of ['2001', '0', '-1', 'x', '1.5', '']) {
      const bad = await world.call(org, 'GET', `/v1/phones/history?limit=${limit}`, { phone: phone.phoneId });
      expect(bad.status).toBe(422);
    }
    const over = await world.call(org, 'GET', '/v1/phones/history?limit=2001', { phone: phone.phoneId });
    expect(over.json).toMatchObject({
      message: 'Limit should be less than 2000',
      fields: { limit: { message: 'Limit should be less than 2000', value: '2001' } },
    });
    const most = await world.call(org, 'GET', '/v1/phones/history?limit=2000', { phone: phone.phoneId });
    expect(most.status).toBe(200);
  });

  it('bad bodies of create are 422, name every field and make nothing', async () => {
    const before = await world.deps.phones.count(org.orgId);
    for (const [body, field] of [
      [{ network: 'moon' }, 'network'],
      [{ phone_name: '' }, 'phone_name'],
      [{ phone_name: 'x'.repeat(26) }, 'phone_name'],
      [{ phone_name: 'a\u0000b' }, 'phone_name'],
      [{ labels: ['a'] }, 'labels'],
      [{ labels: 'a\u0000' }, 'labels'],
      [{ labels: 'x'.repeat(101) }, 'labels'],
      [{ labels: 'a,'.repeat(101) }, 'labels'],
      [[], 'body'],
      ['"text"', 'body'],
      [5, 'body'],
    ] as const) {
      const { status, json } = await world.call(org, 'POST', '/v1/phones/create', { body });
      expect([status, Object.keys(json.fields)], JSON.stringify(body)).toEqual([422, [field]]);
      expect(json.message).toMatch(/^Invalid body\. /);
    }
    expect(await world.deps.phones.count(org.orgId)).toBe(before);
  });
});

describe('limits of create', () => {
  it('stops at the most phones of an organisation', async () => {
    const world = await World.create({ env: { TRUNKLINE_MAX_PHONES: '2' } });
    const org = await world.org();
    const statuses = [];
    for (let round = 0; round < 3; round++) {
      statuses.push((await world.call(org, 'POST', '/v1/phones/create')).status);
    }
    expect(statuses).toEqual([200, 200, 422]);
    await world.stop();
  });

  it('refuses sandbox phones where the sandbox is off', async () => {
    const world = await World.create({ env: { TRUNKLINE_SANDBOX: 'off' } });
    const org = await world.org();
    const { status, json } = await world.call(org, 'POST', '/v1/phones/create', { body: { network: 'sandbox' } });
    expect([status, Object.keys(json.fields)]).toEqual([422, ['network']]);
    await world.stop();
  });
});
