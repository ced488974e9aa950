import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import type { KeyScope, Phone } from '@trunkline/core';
import { eventually } from '@trunkline/testkit';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { KEY_MEMORY_MS } from '../../apps/server/src/http/auth/authenticator.js';
import { type AttachedSocket, attachSocket, LOOK_AT_KEYS_MS } from '../../apps/server/src/socket/attach-socket.js';
import { MOST_WAITING_PACKETS, watchBacklog } from '../../apps/server/src/socket/backlog.js';
import { isOriginAllowed } from '../../apps/server/src/socket/origin-check.js';
import { linked, NUMBER, off, pairing, STORES, type TestOrg, World } from './world.js';

interface Heard {
  readonly name: string;
  readonly object: Record<string, unknown>;
  readonly meta: { id: string; sequence: number; timestamp: string };
}

/** The client's events are not those of Node. */
function first(socket: Socket, event: 'connect' | 'connect_error' | 'disconnect'): Promise<unknown[]> {
  return new Promise((resolve) => socket.once(event as 'connect', (...args: unknown[]) => resolve(args)));
}

/** A world that listens on a port, with the socket attached as the server does it. */
class Live {
  readonly #sockets: Socket[] = [];
  private constructor(
    readonly world: World,
    readonly url: string,
    readonly attached: AttachedSocket,
  ) {}

  static async create(stores: (typeof STORES)[number] = 'memory'): Promise<Live> {
    const world = await World.create({ stores });
    const attached = await attachSocket(world.app, world.deps);
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = world.app.server.address() as AddressInfo;
    return new Live(world, `http://127.0.0.1:${port}`, attached);
  }

  open(
    headers: Record<string, string | undefined>,
    options: Partial<ManagerOptions & SocketOptions> = {},
  ): { socket: Socket; heard: Heard[] } {
    const socket = io(this.url, {
      extraHeaders: headers as Record<string, string>,
      transports: ['websocket', 'polling'],
      forceNew: true,
      ...options,
    });
    const heard: Heard[] = [];
    socket.onAny((name: string, object: Heard['object'], meta: Heard['meta']) => heard.push({ name, object, meta }));
    this.#sockets.push(socket);
    return { socket, heard };
  }

  async listen(caller: { token: string }, phone?: string, options: Partial<ManagerOptions & SocketOptions> = {}) {
    const opened = this.open(
      { authorization: `Bearer ${caller.token}`, ...(phone !== undefined && { 'x-phone': phone }) },
      options,
    );
    await first(opened.socket, 'connect');
    return opened;
  }

  /** The message with which a connection is refused. */
  async refusal(headers: Record<string, string | undefined>): Promise<string> {
    const { socket } = this.open(headers);
    const [error] = (await first(socket, 'connect_error')) as [Error];
    return error.message;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.disconnect();
    await this.attached.close();
    await this.world.stop();
  }
}

const lives: Live[] = [];
afterEach(async () => {
  for (const live of lives.splice(0)) await live.stop();
});
async function start(stores: (typeof STORES)[number] = 'memory'): Promise<Live> {
  const live = await Live.create(stores);
  lives.push(live);
  return live;
}

const label = (world: World, org: TestOrg, phone: Phone, name: string) =>
  world.call(org, 'PATCH', '/v1/phones/update', { phone: phone.phoneId, body: { labels: name } });

describe.each(STORES)('the socket over %s', (stores) => {
  it('emits the bare object and its place, in order for each phone', async () => {
    const live = await start(stores);
    const { world } = live;
    const org = await world.org();
    const { heard } = await live.listen(org);
    const a = await world.phone(org, { state: pairing() });
    const b = await world.phone(org, linked());
    for (let round = 0; round < 10; round++) {
      await label(world, org, a, `a${round}`);
      await label(world, org, b, `b${round}`);
    }
    await eventually('all events', () =>
      ['a9', 'b9'].every((last) => heard.some(({ object }) => String(object.labels) === last)),
    );
    for (const { phoneId } of [a, b]) {
      const mine = heard.filter(({ object }) => object.phone_id === phoneId);
      expect(mine.map(({ meta }) => meta.sequence)).toEqual(mine.map((_, index) => index + 1));
    }
    expect(heard.find(({ name }) => name === 'org.phone.qr')?.object.qr_code).toEqual(expect.any(String));
    expect(heard.find(({ name }) => name === 'org.phone.connected')?.object.wa_state).toBe('CONNECTED');
    const last = heard.filter(({ object }) => object.phone_id === b.phoneId).at(-1);
    expect(last?.object).toEqual((await world.call(org, 'GET', '/v1/phones', { phone: b.phoneId })).json);
    expect(last?.meta).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(last?.meta.timestamp).toMatch(/\+00:00$/);
  });

  it('emits only to the organisation, and to what the key and the header name', async () => {
    const live = await start(stores);
    const { world } = live;
    const [org, other] = [await world.org('One'), await world.org('Two')];
    const a = await world.phone(org, { state: off() });
    const b = await world.phone(org, { state: off(), number: NUMBER });
    const scoped = await world.key(org.orgId, { read: true, phones: [a.phoneId] });
    const listeners = {
      all: await live.listen(org),
      byId: await live.listen(org, a.phoneId),
      byNumber: await live.listen(org, `+${NUMBER}`),
      later: await live.listen(org, '14155550123'),
      scoped: await live.listen(scoped),
      scopedById: await live.listen(scoped, a.phoneId),
      polling: await live.listen(org, a.phoneId, { transports: ['polling'] }),
      foreign: await live.listen(other),
      foreignNumber: await live.listen(other, NUMBER),
    };
    await label(world, org, a, 'x');
    await label(world, org, b, 'x');
    const c = await world.phone(org, { state: off() });
    await world.owner.change(org.orgId, c.phoneId, { number: '14155550123' as typeof NUMBER });
    await label(world, other, await world.phone(other, linked()), 'end');
    const ids = (kind: keyof typeof listeners) => new Set(listeners[kind].heard.map(({ object }) => object.phone_id));
    await eventually('the last event', () =>
      listeners.foreign.heard.some(({ object }) => String(object.labels) === 'end'),
    );
    await eventually('the polled event', () => ids('polling').size > 0);
    expect(ids('all')).toEqual(new Set([a.phoneId, b.phoneId, c.phoneId]));
    for (const kind of ['byId', 'scoped', 'scopedById', 'polling'] as const)
      expect(ids(kind)).toEqual(new Set([a.phoneId]));
    expect(ids('byNumber')).toEqual(new Set([b.phoneId]));
    expect(ids('later')).toEqual(new Set([c.phoneId]));
    for (const kind of ['foreign', 'foreignNumber'] as const) {
      for (const { object } of listeners[kind].heard) expect(object.org_id).toBe(other.orgId);
    }
  });
});

describe('the door of the socket', () => {
  it('refuses in words, and once, whoever may not listen', async () => {
    const live = await start();
    const { world } = live;
    const [org, other] = [await world.org(), await world.org('Other')];
    const theirs = await world.phone(other);
    const mine = await world.phone(org, linked());
    const key = async (scope: Partial<KeyScope>) => `Bearer ${(await world.key(org.orgId, scope)).token}`;
    const authorization = `Bearer ${org.token}`;
    const wrong = 'Invalid bearer auth token';
    expect(await live.refusal({})).toBe(wrong);
    expect(await live.refusal({ authorization: 'Bearer nobody' })).toBe(wrong);
    expect(await live.refusal({ authorization: await key({ send: true }) })).toMatch(/needs the permission "read"/);
    expect(await live.refusal({ authorization, 'x-phone': theirs.phoneId })).toBe('Phone not found');
    expect(await live.refusal({ authorization, 'x-phone': 'phone-zzzzzzzzzzzzzzzz' })).toBe('Phone not found');
    expect(await live.refusal({ authorization, 'x-phone': 'what?' })).toBe('Invalid Header: {x-phone}');
    const narrow = await key({ read: true, phones: ['phone-zzzzzzzzzzzzzzzz'] });
    expect(await live.refusal({ authorization: narrow, 'x-phone': mine.phoneId })).toMatch(/may not use this phone/);
    const { socket } = live.open({ authorization: 'Bearer nobody' });
    await first(socket, 'connect_error');
    expect(socket.active).toBe(false);
  });

  it('takes no token from the address or the payload', async () => {
    const live = await start();
    const org = await live.world.org();
    const { socket } = live.open({}, { auth: { token: org.token }, query: { authorization: `Bearer ${org.token}` } });
    const [error] = (await first(socket, 'connect_error')) as [Error];
    expect(error.message).toBe('Invalid bearer auth token');
  });

  it('lets in programs and our own pages, and no other page', async () => {
    const live = await start();
    const org = await live.world.org();
    const authorization = `Bearer ${org.token}`;
    for (const origin of ['http://localhost:8080', live.url]) {
      const { socket } = live.open({ authorization, origin });
      await first(socket, 'connect');
    }
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:8081',
      'http://localhost:8080.evil.example',
    ]) {
      const { socket } = live.open({ authorization, origin }, { reconnection: false });
      await first(socket, 'connect_error');
    }
    expect(isOriginAllowed(undefined, 'x', 'https://phones.example')).toBe(true);
    expect(isOriginAllowed('https://phones.example', 'inside:8080', 'https://phones.example/base')).toBe(true);
  });

  it('closes within five seconds behind a key that is revoked', async () => {
    const live = await start();
    const { world } = live;
    const org = await world.org();
    const gone = await world.key(org.orgId, { read: true });
    const stays = await live.listen(org);
    const { socket } = await live.listen(gone);
    const closed = first(socket, 'disconnect');
    await world.deps.orgs.revokeKey(org.orgId, gone.key.keyId);
    await closed;
    // The two periods add up to the longest time that a revoked key can listen.
    expect(LOOK_AT_KEYS_MS + KEY_MEMORY_MS).toBeLessThan(5_000);
    expect(stays.socket.connected).toBe(true);
  });

  it('lets clients come back by themselves when the server goes', async () => {
    const live = await start();
    const { socket } = await live.listen(await live.world.org());
    const closed = first(socket, 'disconnect');
    await live.attached.close();
    await closed;
    expect(socket.active).toBe(true);
  });

  it('does not wait for a receiver that does not read', async () => {
    const live = await start();
    const { world } = live;
    const org = await world.org();
    const phone = await world.phone(org, linked());
    const good = await live.listen(org);
    // A client that connects by hand and never reads again.
    const { port } = new URL(live.url);
    const deaf = connectTcp(Number(port), '127.0.0.1');
    deaf.write(
      [
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        `Authorization: Bearer ${org.token}`,
        '',
        '',
      ].join('\r\n'),
    );
    await once(deaf, 'data');
    // The masked frame of `40`: join the default namespace.
    deaf.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]));
    await eventually('both sockets are in', async () =>
      (await world.call(null, 'GET', '/metrics')).text.includes('trunkline_sockets 2'),
    );
    deaf.pause();
    const names = 'x'.repeat(90);
    let round = 0;
    await eventually('the deaf socket is dropped', async () => {
      for (let burst = 0; burst < 50; burst++) {
        round += 1;
        await world.owner.change(org.orgId, phone.phoneId, { name: `${names} ${round} ${'y'.repeat(60_000)}` });
      }
      return (await world.call(null, 'GET', '/metrics')).text.includes('trunkline_sockets 1');
    });
    deaf.destroy();
    await eventually('the good socket has heard everything', () =>
      good.heard.some(({ object }) => String(object.phone_name).startsWith(`${names} ${round} `)),
    );
  });
});

describe('the backlog of a connection', () => {
  it('is counted until it is flushed', async () => {
    const { EventEmitter } = await import('node:events');
    const connection = new EventEmitter();
    let calls = 0;
    watchBacklog(connection, () => {
      calls += 1;
    });
    const write = (packets: number) => {
      for (let packet = 0; packet < packets; packet++) connection.emit('packetCreate', { data: 'x' });
    };
    write(MOST_WAITING_PACKETS);
    connection.emit('flush');
    write(MOST_WAITING_PACKETS);
    await new Promise(setImmediate);
    expect(calls).toBe(0);
    write(5);
    await new Promise(setImmediate);
    expect(calls).toBe(1);
    connection.emit('flush');
    connection.emit('packetCreate', { data: 'y'.repeat(9_000_000) });
    await new Promise(setImmediate);
    expect(calls).toBe(1);
  });
});
