import type { MemoryOrgStore } from '@trunkline/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { FailureLimit } from '../../apps/server/src/http/auth/failure-limit.js';
import { RateLimit } from '../../apps/server/src/http/rate-limit.js';
import { linked, NUMBER, TestClock, World } from './world.js';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function open(): Promise<World> {
  const world = await World.create();
  worlds.push(world);
  return world;
}

describe('keys', () => {
  it('are read from the Bearer header in any case and nothing else', async () => {
    const world = await open();
    const org = await world.org();
    const status = async (authorization: string) =>
      (await world.call(null, 'GET', '/v1/phones/all', { headers: { authorization } })).status;
    expect(await status(`Bearer ${org.token}`)).toBe(200);
    expect(await status(`bearer  ${org.token} `)).toBe(200);
    for (const wrong of [org.token, `Basic ${org.token}`, `Bearer ${org.token} x`, `Bearer ${org.token}x`, 'Bearer']) {
      expect(await status(wrong)).toBe(401);
    }
    expect((await world.call(null, 'GET', `/v1/phones/all?token=${org.token}&access_token=${org.token}`)).status).toBe(
      401,
    );
    expect(await status(`Bearer ${'x'.repeat(600)}`)).toBe(401);
  });

  it('are looked up once for many calls, and note when they were used', async () => {
    const world = await open();
    const org = await world.org();
    const store = world.deps.orgs as MemoryOrgStore;
    await Promise.all(Array.from({ length: 20 }, () => world.call(org, 'GET', '/v1/phones/all')));
    expect(store.lookUps).toBe(1);
    expect((await store.listKeys(org.orgId))[0]?.lastUsedAt).toBeInstanceOf(Date);
  });

  it('stop working within five seconds after they were revoked elsewhere, and at once here', async () => {
    const world = await open();
    const org = await world.org();
    const other = await world.key(org.orgId, { read: true });
    const status = async () => (await world.call(other, 'GET', '/v1/phones/all')).status;
    expect(await status()).toBe(200);
    await world.deps.orgs.revokeKey(org.orgId, other.key.keyId);
    world.clock.pass(5_000);
    expect(await status()).toBe(401);

    const third = await world.key(org.orgId, { read: true });
    expect((await world.call(third, 'GET', '/v1/phones/all')).status).toBe(200);
    expect((await world.call(org, 'DELETE', `/v1/keys/${third.key.keyId}`)).status).toBe(204);
    expect((await world.call(third, 'GET', '/v1/phones/all')).status).toBe(401);
  });

  it('stop working when they expire, also while they are remembered', async () => {
    const world = await open();
    const org = await world.org();
    const { token } = await world.key(org.orgId, { read: true }, new Date(world.clock.now() + 60_000));
    expect((await world.call({ token }, 'GET', '/v1/phones/all')).status).toBe(200);
    world.clock.pass(60_001);
    expect((await world.call({ token }, 'GET', '/v1/phones/all')).status).toBe(401);
  });

  it('that are limited to phones see and touch only those', async () => {
    const world = await open();
    const org = await world.org();
    const mine = await world.phone(org, linked());
    const other = await world.phone(org, { ...linked(), number: '14155550123' as typeof NUMBER });
    const key = await world.key(org.orgId, { phones: [mine.phoneId], read: true, admin: true });
    const { json } = await world.call(key, 'GET', '/v1/phones/all');
    expect(json.map((phone: { phone_id: string }) => phone.phone_id)).toEqual([mine.phoneId]);
    for (const phone of [other.phoneId, '14155550123']) {
      for (const [method, path] of [
        ['GET', '/v1/phones'],
        ['POST', '/v1/phones/restart'],
        ['DELETE', '/v1/phones/delete'],
      ] as const) {
        const answer = await world.call(key, method, path, { phone });
        expect([answer.status, answer.json.code]).toEqual([401, 'UNAUTHORIZED_ERROR']);
      }
    }
    expect((await world.call(key, 'GET', '/v1/phones', { phone: NUMBER })).status).toBe(200);
    expect((await world.call(key, 'POST', '/v1/phones/restart', { phone: mine.phoneId })).status).toBe(204);
    // Admin of some phones is not admin of the organisation.
    for (const path of ['/v1/phones/create', '/v1/keys', '/sandbox/v1/reset']) {
      expect((await world.call(key, 'POST', path, { body: { name: 'more' } })).status).toBe(401);
    }
  });

  it('that may only read change nothing', async () => {
    const world = await open();
    const org = await world.org();
    const phone = await world.phone(org, linked());
    const reader = await world.key(org.orgId, { read: true });
    for (const path of ['/v1/phones', '/v1/phones/history']) {
      expect((await world.call(reader, 'GET', path, { phone: phone.phoneId })).status).toBe(200);
    }
    for (const path of ['restart', 'reset', 'resync', 'pairing-code', 'create']) {
      const answer = await world.call(reader, 'POST', `/v1/phones/${path}`, { phone: phone.phoneId, body: {} });
      expect(answer.status, path).toBe(401);
      expect(answer.json.message).toMatch(/needs/);
    }
  });
});

describe('guessing keys', () => {
  it('is stopped by address, and does not lock out who has a good key at the same address', async () => {
    const world = await open();
    const org = await world.org();
    const from = { remoteAddress: '203.0.113.9' };
    expect((await world.call(org, 'GET', '/v1/phones/all', from)).status).toBe(200);
    const statuses = new Set<number>();
    for (let round = 0; round < 60; round++) {
      statuses.add((await world.call({ token: `guess${round}` }, 'GET', '/v1/phones/all', from)).status);
    }
    expect([...statuses]).toEqual([401, 429]);
    expect((await world.call(org, 'GET', '/v1/phones/all', from)).status).toBe(200);
    expect((await world.call(null, 'GET', '/v1/phones/all', { remoteAddress: '203.0.113.10' })).status).toBe(401);
    const late = await world.call({ token: 'guess' }, 'GET', '/v1/phones/all', from);
    expect(late.json).toMatchObject({ code: 'RATE_LIMIT_ERROR', status: 429 });
    expect(late.headers['retry-after']).toBe('60');
  });

  it('counts a whole IPv6 network as one caller', () => {
    const limit = new FailureLimit(new TestClock());
    for (let host = 0; host < 40; host++) limit.count(`2001:db8:1:2::${host.toString(16)}`);
    expect(limit.isOver('2001:db8:1:2:ffff::1')).toBe(true);
    expect(limit.isOver('2001:db8:1:3::1')).toBe(false);
    expect(limit.isOver('::ffff:192.0.2.1')).toBe(false);
  });
});

describe('the rate limit', () => {
  it('is a hundred requests in a second for each key, with headers on every answer', async () => {
    const world = await open();
    const org = await world.org();
    const other = await world.org('Other');
    const answers = [];
    // The whole hundred within one second of the clock, however slow this machine is.
    world.clock.freeze();
    for (let round = 0; round < 103; round++) answers.push(await world.call(org, 'GET', '/v1/phones/all'));
    expect(answers.map(({ status }) => status)).toEqual([...Array(100).fill(200), 429, 429, 429]);
    expect(answers[100]?.json).toEqual({
      code: 'RATE_LIMIT_ERROR',
      message: 'You can only make 100 requests per second',
      status: 429,
    });
    expect(answers[0]?.headers).toMatchObject({ 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '99' });
    expect(answers[102]?.headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
    expect(answers[0]?.headers['x-ratelimit-reset']).toBe(String(Math.floor(world.clock.now() / 1_000) + 1));
    expect((await world.call(other, 'GET', '/v1/phones/all')).status).toBe(200);
    world.clock.pass(1_000);
    expect((await world.call(org, 'GET', '/v1/phones/all')).status).toBe(200);
  });

  it('remembers only the callers of one second', () => {
    const clock = new TestClock();
    const limit = new RateLimit(clock);
    for (let caller = 0; caller < 1_000; caller++) limit.take(`caller${caller}`);
    clock.pass(1_000);
    expect(limit.take('caller1').headers['X-RateLimit-Remaining']).toBe('99');
  });
});
