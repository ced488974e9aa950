import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../sandbox.js';
import { type ControlCall, controlOf, until } from '../testing/control-client.js';

let sandbox: Sandbox;
let call: ControlCall;
let stranger: ControlCall;

beforeAll(async () => {
  sandbox = await startSandbox();
  call = controlOf(sandbox.control);
  stranger = controlOf(sandbox.control);
});
afterAll(() => sandbox.stop());

let people = 0;
async function person(by: ControlCall = call): Promise<string> {
  const number = `91983${String(people++).padStart(7, '0')}`;
  expect((await by('POST', 'handsets', { number })).status).toBe(201);
  return number;
}

describe('who may call', () => {
  it('nobody without the secret, and nobody without an organisation', async () => {
    const url = `${sandbox.control.url}/sandbox/v1/handsets`;
    expect((await fetch(url)).status).toBe(401);
    const wrong = { 'x-sandbox-secret': 'x'.repeat(sandbox.control.secret.length), 'x-org-id': randomUUID() };
    expect((await fetch(url, { headers: wrong })).status).toBe(401);
    const nobody = await fetch(url, { headers: { 'x-sandbox-secret': sandbox.control.secret } });
    expect(nobody.status).toBe(422);
  });

  it('only the organisation a handset belongs to', async () => {
    const number = await person();
    const calls: [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', ''],
      ['POST', '/scan', { qr_code: 'x' }],
      ['POST', '/pairing-code', { code: 'ABCDEFGH' }],
      ['POST', '/unlink', {}],
      ['POST', '/messages', { to: number, text: 'x' }],
      ['GET', '/messages'],
      ['POST', '/read', { chat: number }],
      ['POST', '/react', { chat: number, message_id: 'x', emoji: 'x' }],
      ['POST', '/edit', { chat: number, message_id: 'x', text: 'x' }],
      ['POST', '/delete', { chat: number, message_id: 'x' }],
      ['POST', '/typing', { chat: number, state: 'composing' }],
    ];
    for (const [method, path, body] of calls) {
      const { status, body: answer } = await stranger(method, `handsets/${number}${path}`, body);
      expect([path, status, answer.code]).toEqual([path, 404, 'NOT_FOUND_ERROR']);
    }
    expect((await stranger('GET', 'handsets')).body).toEqual([]);
    const { body: fault } = await call('POST', 'faults', { target: number, kind: 'freeze' });
    expect((await stranger('DELETE', `faults/${String(fault.id)}`)).status).toBe(404);
    expect((await stranger('GET', 'faults')).body).toEqual([]);
    expect((await call('DELETE', `faults/${String(fault.id)}`)).status).toBe(204);
  });
});

describe('handsets', () => {
  it('show what they are', async () => {
    const number = await person();
    const { body } = await call('GET', `handsets/${number}`);
    expect(body).toMatchObject({
      number,
      name: number,
      jid: `${number}@s.whatsapp.net`,
      lid: expect.stringMatching(/^\d{15}@lid$/),
      platform: 'android',
      business: false,
      image: null,
      linked_devices: [],
    });
  });

  it('have a number nobody else on the network has', async () => {
    const number = await person();
    for (const by of [call, stranger]) {
      expect(await by('POST', 'handsets', { number })).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    }
    expect((await call('DELETE', `handsets/${number}`)).status).toBe(204);
    expect((await stranger('POST', 'handsets', { number })).status).toBe(201);
  });

  it('refuse codes nobody shows', async () => {
    const number = await person();
    const qr = await call('POST', `handsets/${number}/scan`, { qr_code: 'made up' });
    const code = await call('POST', `handsets/${number}/pairing-code`, { code: 'ABCD-EFGH' });
    expect([qr.status, qr.body.code, code.status, code.body.code]).toEqual([409, 'QR_EXPIRED', 409, 'WRONG_CODE']);
  });

  it('say what is wrong with a body, all of it at once', async () => {
    const { status, body } = await call('POST', 'handsets', { number: 'none', platform: 'symbian', business: 'yes' });
    expect(status).toBe(422);
    expect(Object.keys(body.fields as object)).toEqual(['number', 'platform', 'business']);
    expect((await call('POST', 'handsets', '{not json')).status).toBe(400);
    expect((await call('POST', 'handsets', '[]')).status).toBe(422);
    expect((await call('GET', 'nothing/here')).status).toBe(404);
  });
});

describe('people', () => {
  it('write, answer, edit, react, delete and read, and both sides show the same', async () => {
    const [asha, ravi] = [await person(), await person()];
    const write = async (from: string, to: string, more: object) => {
      const { status, body } = await call('POST', `handsets/${from}/messages`, { to, ...more });
      expect(status).toBe(201);
      return String(body.id);
    };
    const first = await write(asha, ravi, { text: 'is it open' });
    const second = await write(ravi, asha, { text: 'yes', reply_to: first });
    const third = await write(ravi, asha, { text: 'wrong chat' });
    const act = (by: string, verb: string, body: object) => call('POST', `handsets/${by}/${verb}`, body);
    expect((await act(asha, 'edit', { chat: ravi, message_id: first, text: 'is it open today' })).status).toBe(204);
    expect((await act(asha, 'react', { chat: ravi, message_id: second, emoji: '👍' })).status).toBe(204);
    expect((await act(ravi, 'delete', { chat: asha, message_id: third })).status).toBe(204);
    expect((await act(ravi, 'edit', { chat: asha, message_id: first, text: 'not mine' })).status).toBe(422);
    expect((await act(ravi, 'read', { chat: asha })).status).toBe(204);
    // A message behind everything else: when it is there, so is the rest.
    await write(asha, ravi, { text: 'last' });
    for (const [me, other] of [
      [asha, ravi],
      [ravi, asha],
    ] as const) {
      const shown = await expectEventually(me, other, 4);
      expect(shown.map(({ text, edited, deleted }) => ({ text, edited, deleted }))).toEqual([
        { text: 'is it open today', edited: true, deleted: false },
        { text: 'yes', edited: false, deleted: false },
        { text: null, edited: false, deleted: true },
        { text: 'last', edited: false, deleted: false },
      ]);
      expect(shown[1]).toMatchObject({ reply_to: first, reactions: [{ from: asha, emoji: '👍' }] });
    }
    expect((await call('GET', `handsets/${asha}/messages?chat=${ravi}&limit=1`)).body).toMatchObject([
      { text: 'last' },
    ]);
  });

  function expectEventually(me: string, chat: string, count: number): Promise<Record<string, unknown>[]> {
    return until(`${me} to show ${count} messages`, async () => {
      const { body } = await call('GET', `handsets/${me}/messages?chat=${chat}`);
      return Array.isArray(body) && body.length === count && body[1]?.reactions.length === 1 ? body : undefined;
    });
  }

  it('cannot write to nobody', async () => {
    const asha = await person();
    const { status, body } = await call('POST', `handsets/${asha}/messages`, { to: '911111111111', text: 'hello?' });
    expect([status, Object.keys(body.fields as object)]).toEqual([422, ['to']]);
  });
});

describe('reset', () => {
  it('empties one organisation and no other', async () => {
    const mine = await person();
    const theirs = await person(stranger);
    expect((await call('POST', 'reset')).status).toBe(204);
    expect((await call('GET', `handsets/${mine}`)).status).toBe(404);
    expect((await stranger('GET', `handsets/${theirs}`)).status).toBe(200);
  });
});
