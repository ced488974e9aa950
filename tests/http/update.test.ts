import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Conflict, EngineRefused, PhoneNotRunning } from '@trunkline/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainJpeg } from '../../apps/server/src/images/profile-picture.js';
import { linked, NUMBER, off, type TestOrg, World } from './world.js';

let world: World;
let org: TestOrg;
let server: Server;
let serve: { status: number; headers: Record<string, string>; body: Buffer };
let base: string;

beforeAll(async () => {
  server = createServer((_request, response) => void response.writeHead(serve.status, serve.headers).end(serve.body));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  world = await World.create({ env: { TRUNKLINE_EGRESS_ALLOW: '127.0.0.1', PUBLIC_URL: 'https://phones.example' } });
  org = await world.org();
});
afterAll(async () => {
  await world.stop();
  server.close();
});

const update = (phoneId: string, body: unknown) =>
  world.call(org, 'PATCH', '/v1/phones/update', { phone: phoneId, body });

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#3366cc' } });
const dataUrl = (bytes: Buffer, type = 'image/png') => `data:${type};base64,${bytes.toString('base64')}`;

describe('labels', () => {
  it('are names in a comma list: created when unknown, found in any case, replaced as a whole', async () => {
    const phone = await world.phone(org, { state: off() });
    const first = await update(phone.phoneId, { labels: ' Front Desk ,night,, NIGHT ' });
    expect(first.status).toBe(200);
    expect(first.json.labels).toEqual(['Front Desk', 'night']);
    expect(Object.values(first.json.label_ids)).toEqual([true, true]);
    const second = await update(phone.phoneId, { labels: 'FRONT DESK' });
    expect(second.json.labels).toEqual(['Front Desk']);
    expect(Object.keys(second.json.label_ids)).toEqual([Object.keys(first.json.label_ids)[0]]);
    expect((await update(phone.phoneId, { labels: '' })).json).toMatchObject({ labels: [], label_ids: {} });
  });

  it('make updated_at rise and fire one event, and the same labels again fire none', async () => {
    const phone = await world.phone(org, { state: off() });
    const events = async () => world.deps.events.after(0, 10_000, { phoneId: phone.phoneId });
    const before = (await events()).length;
    const { json } = await update(phone.phoneId, { labels: 'one' });
    expect(json.updated_at > phone.updatedAt.toISOString()).toBe(true);
    await update(phone.phoneId, { labels: 'ONE' });
    const fired = (await events()).slice(before);
    expect(fired.map(({ name }) => name)).toEqual(['org.phone.updated']);
    expect(JSON.parse(fired[0]?.payload ?? '{}')).toEqual(json);
  });
});

describe('name', () => {
  it('is changed on WhatsApp and read back', async () => {
    const phone = await world.phone(org, linked());
    const { status, json } = await update(phone.phoneId, { phone_name: ' Support Desk ' });
    expect([status, json.phone_name]).toEqual([200, 'Support Desk']);
    expect(world.owner.calls.at(-1)).toBe('name Support Desk');
  });

  it('of a business account is 422, and nothing else of the request happens', async () => {
    const phone = await world.phone(org, { ...linked(), isBusiness: true });
    const { status, json } = await update(phone.phoneId, { phone_name: 'Shop', labels: 'new' });
    expect([status, Object.keys(json.fields)]).toEqual([422, ['phone_name']]);
    expect((await world.deps.phones.find(org.orgId, phone.phoneId))?.labels).toEqual([]);
    expect((await update(phone.phoneId, { labels: 'new' })).status).toBe(200);
  });

  it('of a phone that is not connected is 409, and nothing else of the request happens', async () => {
    const phone = await world.phone(org, { state: off(), number: NUMBER });
    for (const body of [
      { phone_name: 'Shop', labels: 'x' },
      { phone_image: dataUrl(Buffer.from('x')), labels: 'x' },
    ]) {
      const { status, json } = await update(phone.phoneId, body);
      expect([status, json.code]).toEqual([409, 'PHONE_NOT_CONNECTED']);
    }
    expect((await world.deps.phones.find(org.orgId, phone.phoneId))?.labels).toEqual([]);
  });

  it.each([
    [new PhoneNotRunning('no worker runs this phone'), 409, 'PHONE_NOT_CONNECTED'],
    [new Conflict('the phone is starting'), 409, 'CONFLICT_ERROR'],
    [new EngineRefused('not-authorized', 'after-ack', 401), 502, 'WHATSAPP_REFUSED'],
    [new Error('broken'), 500, 'UNKNOWN_ERROR'],
  ])('that cannot be changed because of %s is told', async (failure, status, code) => {
    const phone = await world.phone(org, linked());
    world.owner.failure = failure;
    const answer = await update(phone.phoneId, { phone_name: 'Other' });
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });
});

describe('a body without any of the keys', () => {
  it.each([{}, undefined, { other: 1 }])('is 422 with the text of the contract: %j', async (body) => {
    const phone = await world.phone(org, { state: off() });
    const { status, json } = await world.call(org, 'PATCH', '/v1/phones/update', {
      phone: phone.phoneId,
      ...(body !== undefined && { body }),
    });
    expect(status).toBe(422);
    expect(json).toEqual({
      code: 'VALIDATION_ERROR',
      message: 'Invalid body. At least one of the following keys are required: phone_name, phone_image, labels',
      status: 422,
      name: 'Validation Error',
      fields: {
        phone_name: { message: 'phone_name is missing' },
        phone_image: { message: 'phone_image is missing' },
        labels: { message: 'labels is missing' },
      },
    });
  });
});

describe('picture', () => {
  it('becomes a square JPEG of 640 pixels, is set on WhatsApp, and is served without sign-in', async () => {
    const phone = await world.phone(org, linked());
    const png = await picture(1_000, 500).png().toBuffer();
    const { status, json } = await update(phone.phoneId, { phone_image: dataUrl(png) });
    expect(status).toBe(200);
    const { format, width, height, exif } = await sharp(world.owner.lastImage ?? undefined).metadata();
    expect({ format, width, height, exif }).toEqual({ format: 'jpeg', width: 640, height: 640, exif: undefined });

    const pattern =
      /^https:\/\/phones\.example(\/phone-images\/[0-9a-f-]{36}%2F918527184400%40c\.us\.jpg\?timestamp=(\d{13}))$/;
    const [, path, time] = pattern.exec(json.phone_image) ?? [];
    expect(Number(time)).toBeGreaterThan(Date.now() - 60_000);
    const image = await world.call(null, 'GET', path ?? '');
    expect(image.status).toBe(200);
    expect(image.bytes.equals(Buffer.from(world.owner.lastImage ?? []))).toBe(true);
    expect(image.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
    });
    expect(image.headers['cache-control']).toContain('max-age=');
    expect(image.headers['content-security-policy']).toContain("default-src 'none'");
    expect((await world.call(null, 'GET', (path ?? '').replace('%2F', '/'))).status).toBe(200);

    await world.call(org, 'DELETE', '/v1/phones/delete', { phone: phone.phoneId });
    // Other phones of this file have the same number: their picture stays.
    expect((await world.call(null, 'GET', path ?? '')).status).toBe(200);
  });

  it('goes with the last phone of its number', async () => {
    const own = await world.org('Pictures');
    const phone = await world.phone(own, linked());
    const image = dataUrl(await picture(10, 10).png().toBuffer());
    const { json } = await world.call(own, 'PATCH', '/v1/phones/update', {
      phone: phone.phoneId,
      body: { phone_image: image },
    });
    const path = new URL(json.phone_image).pathname;
    expect((await world.call(null, 'GET', path)).status).toBe(200);
    await world.call(own, 'DELETE', '/v1/phones/delete', { phone: phone.phoneId });
    expect((await world.call(null, 'GET', path)).status).toBe(404);
  });

  it.each(['png', 'jpeg', 'webp', 'gif'] as const)('may be a %s', async (format) => {
    const phone = await world.phone(org, linked());
    const bytes = await picture(30, 40).toFormat(format).toBuffer();
    expect((await update(phone.phoneId, { phone_image: dataUrl(bytes, `image/${format}`) })).status).toBe(200);
  });

  it('is fetched from a URL through the one way out', async () => {
    const phone = await world.phone(org, linked());
    serve = { status: 200, headers: { 'content-type': 'image/png' }, body: await picture(20, 20).png().toBuffer() };
    expect((await update(phone.phoneId, { phone_image: `${base}/a.png` })).status).toBe(200);
  });

  it('that cannot be used is 422 on its field and changes nothing', async () => {
    const phone = await world.phone(org, linked());
    const calls = world.owner.calls.length;
    const png = await picture(20, 20).png().toBuffer();
    const refused = async (phone_image: string, pattern: RegExp) => {
      const { status, json } = await update(phone.phoneId, { phone_image, labels: 'never' });
      expect([status, Object.keys(json.fields)], phone_image.slice(0, 60)).toEqual([422, ['phone_image']]);
      expect(json.fields.phone_image.message).toMatch(pattern);
    };
    await refused('', /cannot be read/);
    await refused('hello', /cannot be read/);
    await refused('file:///etc/passwd', /https/);
    await refused('https://169.254.169.254/latest/meta-data/', /public address/);
    await refused('http://[::1]:8080/', /public address/);
    await refused('data:image/png,plain', /form data:image/);
    await refused('data:image/png;base64,!!!', /form data:image/);
    await refused(dataUrl(Buffer.from('GIF89a but not really')), /cannot be read/);
    await refused(dataUrl(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'), /must be a JPEG/);
    await refused(dataUrl(png.subarray(0, 60)), /cannot be read/);
    await refused(dataUrl(Buffer.alloc(5_000_001, 1)), /5 MB/);
    await refused(dataUrl(await picture(5_000, 4_100).png({ compressionLevel: 9 }).toBuffer()), /20 megapixels/);
    serve = { status: 404, headers: {}, body: Buffer.from('no') };
    await refused(`${base}/missing.png`, /status 404/);
    serve = { status: 200, headers: {}, body: Buffer.from('<html>') };
    await refused(`${base}/page`, /must be a JPEG/);
    serve = { status: 200, headers: {}, body: Buffer.alloc(5_000_001) };
    await refused(`${base}/huge`, /larger than/);
    serve = { status: 302, headers: { location: 'https://10.0.0.1/' }, body: Buffer.alloc(0) };
    await refused(`${base}/redirect`, /public address/);
    expect(world.owner.calls.length).toBe(calls);
    expect((await world.deps.phones.find(org.orgId, phone.phoneId))?.labels).toEqual([]);
  });

  it('without the image library must be a small square JPEG already', async () => {
    const square = new Uint8Array(await picture(640, 640).jpeg().toBuffer());
    expect(plainJpeg(square)).toBe(square);
    expect(() => plainJpeg(new Uint8Array([0x89, 0x50, 0x4e, 0x47]))).toThrow(/must be a JPEG/);
    const wide = new Uint8Array(await picture(640, 320).jpeg().toBuffer());
    expect(() => plainJpeg(wide)).toThrow(/square/);
    const big = new Uint8Array(await picture(2_000, 2_000).jpeg().toBuffer());
    expect(() => plainJpeg(big)).toThrow(/square JPEG of at most 1280/);
  });
});

describe('the image route', () => {
  it.each([
    '/phone-images/',
    '/phone-images/x.jpg',
    '/phone-images/..%2F..%2Fsecrets.json',
    '/phone-images/%2e%2e/%2e%2e/etc/passwd',
    '/phone-images/2997dd64-89bf-48d3-9a22-b314fca017e5%2F..%2F918527184400%40c.us.jpg',
    '/phone-images/2997dd64-89bf-48d3-9a22-b314fca017e5%2F918527184400%40c.us.jpg.content-type',
    '/phone-images/2997dd64-89bf-48d3-9a22-b314fca017e5%2F918527184400%40c.us.jpg',
  ])('answers %s with 404 as JSON', async (path) => {
    const { status, json } = await world.call(null, 'GET', path);
    expect([status, json.code]).toEqual([404, 'NOT_FOUND_ERROR']);
  });

  it('serves nothing that is not a JPEG', async () => {
    const key = `phone-images/${org.orgId}/14155550100@c.us.jpg`;
    await world.deps.storage.put(key, new Uint8Array([60, 104]), 'text/html');
    expect((await world.call(null, 'GET', `/phone-images/${org.orgId}%2F14155550100%40c.us.jpg`)).status).toBe(404);
  });
});
