import { describe, expect, it } from 'vitest';
import { baileysDriver } from './clients/baileys-client.js';
import { nodeVectors } from './golden/node-vectors.js';
import { until } from './until.js';
import { checkCertificate } from './wire/certificate.js';
import { freshCurveKeys } from './wire/curve.js';
import { linkedByHand, logIn, online, registered, scanned } from './wire/hand-made.js';
import { byteByByte, WireClient, type WireNode, whole } from './wire/wire-client.js';
import { arrives, sandboxWorld } from './world.js';

const world = sandboxWorld({ expectsFaultyClients: true });
const root = () => Buffer.from(world.network.root, 'base64');
const ping: WireNode = {
  tag: 'iq',
  attrs: { to: 's.whatsapp.net', type: 'get', xmlns: 'w:p' },
  content: [{ tag: 'ping', attrs: {} }],
};

describe('the handshake', () => {
  it.each([
    { name: 'in whole messages', options: { cut: whole } },
    { name: 'byte by byte', options: { cut: byteByByte } },
    { name: 'behind routing info', options: { routing: Buffer.from('080808', 'hex') } },
  ])('holds against our own arithmetic, sent $name', async ({ options }) => {
    const { client, greeted } = await registered(world, options);
    checkCertificate(greeted.certificate, root(), greeted.serverStatic);
    client.close();
  });

  it('resumes towards its own key and falls back towards any other', async () => {
    const { number } = await world.person('Asha');
    const { login } = await linkedByHand(world, number);
    for (const { serverStatic, falls } of [
      { serverStatic: login.serverStatic, falls: false },
      { serverStatic: freshCurveKeys().public, falls: true },
    ]) {
      const { client, greeted, fellBack } = await WireClient.open(world.network.url, { ...login, serverStatic });
      expect(fellBack).toBe(falls);
      checkCertificate(greeted.certificate, root(), login.serverStatic);
      await client.next('success', (node) => node.tag === 'success');
      client.close();
    }
  });
});

describe('registration', () => {
  it('offers six different printable refs and never a success', async () => {
    const { client, refs } = await registered(world);
    expect(new Set(refs).size).toBe(6);
    for (const ref of refs) expect(ref).toMatch(/^[\x21-\x2b\x2d-\x7e]+$/);
    await client.ask(ping);
    expect(client.received.map((node) => node.tag)).not.toContain('success');
    client.close();
  });

  it('proves the account with both keys, and links once the device proved itself', async () => {
    const { number, lid } = await world.person('Chitra');
    const { companion, client, scanning, success } = await scanned(world, number);
    const answer = companion.answer(success);
    expect(answer).toMatchObject({ hmacHolds: true, accountSignatureHolds: true, jid: `${number}:1@s.whatsapp.net` });
    expect(answer.lid).toBe(lid.replace('@', ':1@'));
    expect(answer.keyIndex).toBeGreaterThan(0);
    client.send(answer.reply);
    await scanning;
    const restart = await client.next('the order to restart', (node) => node.tag === 'stream:error');
    expect(restart.attrs.code).toBe('515');
    expect((await world.control.handset(number)).linked_devices).toMatchObject([{ jid: answer.jid }]);
  });

  it('does not link a device that signs with another key', async () => {
    const { number } = await world.person('Dev');
    const { companion, client, scanning, success } = await scanned(world, number);
    client.send(companion.answer(success, freshCurveKeys()).reply);
    await until('the connection to be closed', () => client.closed);
    await scanning.catch(() => undefined);
    expect((await world.control.handset(number)).linked_devices).toEqual([]);
  });
});

describe('nodes', () => {
  it.each([
    { name: 'one message', cut: whole },
    { name: 'single bytes', cut: byteByByte },
  ])('sent together in $name are answered in order', async ({ cut }) => {
    const { number } = await world.person('Esha');
    const client = await online(world, number, cut);
    const ids = ['p-1', 'p-2', 'p-3'];
    client.send(...ids.map((id) => ({ ...ping, attrs: { ...ping.attrs, id } })));
    await client.next('the last answer', (node) => node.attrs.id === 'p-3');
    const answers = client.received.filter((node) => ids.includes(node.attrs.id ?? ''));
    expect(answers.map((node) => [node.attrs.id, node.attrs.type])).toEqual(ids.map((id) => [id, 'result']));
    client.close();
  });

  it('in golden bytes are understood, plain and compressed', async () => {
    const { number } = await world.person('Esha');
    const client = await online(world, number);
    const pings = nodeVectors.filter(({ node }) => node.attrs.xmlns === 'w:p');
    expect(pings.map(({ name }) => name)).toContain('a compressed node');
    for (const { hex } of pings) client.sendSealed(Buffer.from(hex, 'hex'));
    await until('an answer to each', () => {
      const answers = client.received.filter(({ attrs }) => attrs.id === '7.1' && attrs.type === 'result');
      return answers.length === pings.length;
    });
    client.close();
  });

  it('of no known kind are answered, counted and shown', async () => {
    const { number } = await world.person('Farid');
    const client = await online(world, number);
    const request = { tag: 'iq', attrs: { to: 's.whatsapp.net', type: 'get', xmlns: 'w:nobody' } };
    const answer = await client.ask({ ...request, content: [{ tag: 'riddle', attrs: {} }] });
    expect(answer).toMatchObject({ tag: 'iq', attrs: { type: 'result' } });
    const { unknown } = await world.control.stats();
    expect(unknown).toMatchObject([{ kind: expect.stringContaining('w:nobody'), count: 1 }]);
    client.close();
  });

  it('that are broken cost only the connection that sent them', async () => {
    const { number, client: bystander } = await world.linked(baileysDriver, 'Gita');
    const broken: Readonly<Record<string, (client: WireClient) => void>> = {
      'a box no key opens': (client) => client.sendRaw(Buffer.from(`000010${'aa'.repeat(16)}`, 'hex')),
      'an empty frame': (client) => client.sendRaw(Buffer.from('000000', 'hex')),
      'half a node': (client) => client.sendSealed(Buffer.from('00f80a', 'hex')),
      'a false compression flag': (client) => client.sendSealed(Buffer.from('02aabbcc', 'hex')),
    };
    for (const [what, breakIt] of Object.entries(broken)) {
      const { client } = await registered(world);
      breakIt(client);
      await until(`the sandbox to hang up on ${what}`, () => client.closed, 8_000);
    }
    const { number: friend } = await world.person('Hari');
    await world.control.write(friend, number, 'all well here');
    await arrives(bystander, 'all well here');
  });

  it('of a device that logs in with a stolen identity but another Noise key are refused', async () => {
    const { number } = await world.person('Ina');
    const { login } = await linkedByHand(world, number);
    const { client } = await WireClient.open(world.network.url, { ...login, noise: freshCurveKeys() });
    const failure = await client.next('the refusal', (node) => node.tag === 'failure');
    expect(failure.attrs.reason).toBe('401');
    const rightful = await logIn(world, login);
    rightful.close();
  });
});
