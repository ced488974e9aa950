import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { PeriskopeApi as Client } from '@periskope/periskope-client';
import type { PhoneInfo } from '@trunkline/api';
import { eventually } from '@trunkline/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttachedSocket, attachSocket } from '../../apps/server/src/socket/attach-socket.js';
import { leadPort8080To } from '../lead-port-8080.js';
import { linked, off, pairing, type TestOrg, World } from './world.js';

const { PeriskopeApi } = createRequire(import.meta.url)('@periskope/periskope-client') as {
  PeriskopeApi: typeof Client;
};

let world: World;
let org: TestOrg;
let attached: AttachedSocket;
let restore: () => void;

beforeAll(async () => {
  world = await World.create();
  org = await world.org();
  attached = await attachSocket(world.app, world.deps);
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  restore = leadPort8080To((world.app.server.address() as AddressInfo).port);
});
afterAll(async () => {
  restore();
  await attached.close();
  await world.stop();
});

const client = (phone: string, authToken = org.token) => new PeriskopeApi({ authToken, phone, env: 'local' });
const undefinedPhone = undefined as unknown as string;

describe('the unmodified official client 1.1.3', () => {
  it('makes a phone and drives it with every phone method', async () => {
    const created = await client(undefinedPhone).phone.create();
    expect(created).toMatchObject({ error: null, status: 200, statusCode: 'OK' });
    const { phone_id } = created.data as unknown as PhoneInfo;
    const { phone } = client(phone_id);
    expect((await phone.info()).data).toMatchObject({ phone_id, wa_state: 'DISCONNECTED' });
    expect((await phone.getAll()).data).toHaveLength(1);

    await world.owner.change(org.orgId, phone_id, { state: pairing() });
    const qr = await phone.getQR();
    const picture = qr.data as unknown as { type: string; data: number[] };
    expect([qr.error, picture.type]).toEqual([null, 'Buffer']);
    expect(Buffer.from(picture.data).subarray(1, 4).toString()).toBe('PNG');

    await world.owner.change(org.orgId, phone_id, linked());
    const updated = await phone.update({ phone_name: 'Support', labels: 'one, two' });
    expect(updated.data).toMatchObject({ phone_name: 'Support', labels: ['one', 'two'] });
    for (const action of [phone.restart(), phone.reset(), phone.resync()]) {
      expect(await action).toEqual({ data: undefined, error: null, status: 204, statusCode: 'No Content' });
    }
    const byNumber = client(String(linked().number));
    expect((await byNumber.phone.info()).data).toMatchObject({ phone_id });
    expect((await phone.delete()).status).toBe(204);
    expect(await phone.info()).toMatchObject({
      data: undefined,
      status: 404,
      error: { message: 'Phone not found', code: 'NOT_FOUND_ERROR', statusCode: 404 },
    });
  });

  it('gets every error as an error with message and code, never an exception', async () => {
    const { phoneId } = await world.phone(org, { state: off() });
    const error = async (call: Promise<{ error: unknown; status: number }>) => {
      const { error: told, status } = await call;
      const { code, message } = told as { code: string; message: string };
      return { status, code, message };
    };
    const wrongKey = client(phoneId, 'wrong').phone;
    expect(await error(wrongKey.info())).toMatchObject({ status: 401, code: 'UNAUTHORIZED_ERROR' });
    expect(await error(wrongKey.restart())).toMatchObject({ status: 401, message: 'Invalid bearer auth token' });
    expect(await error(client(undefinedPhone).phone.info())).toMatchObject({ status: 422, code: 'VALIDATION_ERROR' });
    const { phone } = client(phoneId);
    expect(await error(phone.getQR())).toMatchObject({ status: 404, code: 'NOT_FOUND_ERROR' });
    expect(await error(phone.update({} as never))).toMatchObject({
      status: 422,
      message: 'Invalid body. At least one of the following keys are required: phone_name, phone_image, labels',
    });
    expect(await error(phone.update({ phone_name: 'x' } as never))).toMatchObject({ status: 409 });
    expect(await error(client(phoneId).message.send({ chat_id: '1', message: 'x' } as never))).toMatchObject({
      status: 404,
      code: 'NOT_FOUND_ERROR',
    });
  });

  it('hears the phone events as bare objects', async () => {
    const { phoneId } = await world.phone(org, { state: off() });
    const listener = client(phoneId);
    const heard: [string, PhoneInfo][] = [];
    listener.connect();
    const names = ['org.phone.qr', 'org.phone.connected', 'org.phone.disconnected', 'org.phone.updated'] as const;
    for (const name of names) listener.on(name, ((phone: PhoneInfo) => void heard.push([name, phone])) as never);
    const { socket } = listener as unknown as { socket: { connected: boolean } };
    await eventually('the socket is connected', () => socket.connected);
    await world.owner.change(org.orgId, phoneId, { state: pairing() });
    await world.owner.change(org.orgId, phoneId, linked());
    await world.owner.change(org.orgId, phoneId, { state: off() });
    await world.phone(org, { state: off() });
    await eventually('the last event', () => heard.some(([name]) => name === 'org.phone.disconnected'));
    listener.disconnect();
    for (const name of names) expect(heard.map(([given]) => given)).toContain(name);
    for (const [, phone] of heard) expect(phone.phone_id).toBe(phoneId);
    expect(heard.find(([name]) => name === 'org.phone.qr')?.[1].qr_code).toMatch(/^2@/);
  });

  it('hears everything of the organisation without a phone, and is refused with a wrong key', async () => {
    // Without any value its socket library cannot send the header; an empty one means no phone.
    const everything = client('');
    const heard: unknown[] = [];
    everything.connect();
    everything.on('org.phone.updated', ((phone: unknown) => void heard.push(phone)) as never);
    const { socket } = everything as unknown as { socket: { connected: boolean } };
    await eventually('the socket is connected', () => socket.connected);
    await world.phone(org);
    await eventually('an event', () => heard.length > 0);
    everything.disconnect();

    const stranger = client('phone-aaaaaaaaaaaaaaaa', 'wrong');
    stranger.connect();
    const { socket: refused } = stranger as unknown as { socket: NodeJS.EventEmitter & { active: boolean } };
    const [error] = (await once(refused, 'connect_error')) as [Error];
    expect(error.message).toBe('Invalid bearer auth token');
    expect(refused.active).toBe(false);
    stranger.disconnect();
  });
});
