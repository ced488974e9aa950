import { proto } from 'baileys';
import { describe, expect, test } from 'vitest';
import { until } from '../sandbox/until.js';
import { engineWorld } from './engine-world.js';

const world = engineWorld();

/** Everything that tells WhatsApp to drop a message from its queue. */
async function receipts(): Promise<number> {
  const { received } = await world.control.stats();
  const kinds = Object.entries(received).filter(([kind]) => kind.startsWith('receipt') || kind.startsWith('ack text'));
  return kinds.reduce((sum, [, count]) => sum + count, 0);
}

describe('messages', () => {
  test('what a person writes arrives with its chat, author and time, and is receipted', async () => {
    const { handset, phone } = await world.linked('Asha');
    const friend = await world.person('Bilal');
    const before = await receipts();
    const id = await world.control.write(friend.number, handset.number, 'hello there');
    const message = await phone.arrives('hello there');
    expect(message).toMatchObject({
      waId: id,
      type: 'chat',
      fromMe: false,
      fromHistory: false,
      senderName: 'Bilal',
      chat: { kind: 'person', address: { number: friend.number } },
    });
    expect(Math.abs(message.at.getTime() - Date.now())).toBeLessThan(60_000);
    await until('the receipt', async () => (await receipts()) > before);
    expect(phone.store.inbox).toEqual([]);
  });

  test('what the owner writes on the handset arrives as our own message', async () => {
    const { handset, phone } = await world.linked('Chitra');
    const friend = await world.person('Dev');
    await world.control.write(handset.number, friend.number, 'from my handset');
    expect(await phone.arrives('from my handset')).toMatchObject({
      fromMe: true,
      sender: { number: handset.number },
      chat: { kind: 'person', address: { number: friend.number } },
    });
    expect(phone.all('primary-seen').length).toBeGreaterThan(0);
  });

  test('what came while we were away is there before the backlog counts as drained, in order', async () => {
    const { handset, phone } = await world.linked('Esha');
    const friend = await world.person('Farid');
    await world.control.write(friend.number, handset.number, 'while online');
    await phone.arrives('while online');
    await phone.session?.close();
    const bodies = Array.from({ length: 30 }, (_, index) => `missed ${index}`);
    for (const body of bodies) await world.control.write(friend.number, handset.number, body);
    await phone.login();
    const before = phone.facts.slice(
      0,
      phone.facts.findIndex(({ kind }) => kind === 'drained'),
    );
    expect(before.flatMap((fact) => (fact.kind === 'message' ? [fact.message.body] : []))).toEqual(bodies);
  });

  test('nothing is answered before it is stored: a store that fails leaves the message with WhatsApp', async () => {
    const { handset, phone } = await world.linked('Gita');
    const friend = await world.person('Hari');
    const before = await receipts();
    phone.store.isFenced = true;
    await world.control.write(friend.number, handset.number, 'not lost');
    expect(await phone.closed()).toMatchObject({ source: 'engine-fault' });
    expect(phone.messages).toEqual([]);
    expect(await receipts()).toBe(before);
    phone.store.isFenced = false;
    await phone.login();
    await phone.arrives('not lost');
    await until('the receipt', async () => (await receipts()) > before);
  });

  test('a message that was stored by nobody comes again at the next login, once', async () => {
    const { handset, phone } = await world.linked('Indu');
    const friend = await world.person('Jaya');
    phone.storesMessages = false;
    await world.control.write(friend.number, handset.number, 'crashed after receipt');
    await phone.arrives('crashed after receipt');
    await phone.session?.close();
    expect(phone.store.inbox).toHaveLength(1);
    phone.storesMessages = true;
    phone.messages.length = 0;
    await phone.login();
    const bodies = phone.all('message').map(({ message }) => message.body);
    expect(bodies).toEqual(['crashed after receipt']);
    expect(phone.store.inbox).toEqual([]);
  });

  test('history of a fresh link arrives with chats and people', async () => {
    const { phone } = await world.linked('Kavi');
    const { batch } = await phone.fact('history');
    expect(batch.ciphertextHash).not.toBeNull();
    await until('the chunk to be settled', () => phone.store.inbox.length === 0);
  });

  test('a message that cannot be decrypted is a placeholder until the retry brings its content', async () => {
    const { handset, phone } = await world.linked('Lata');
    const friend = await world.person('Mani');
    await world.control.write(friend.number, handset.number, 'before');
    await phone.arrives('before');
    await phone.session?.close();
    // A restored backup, say: the ratchet with this friend and the prekeys are gone.
    phone.store.keys.delete('session');
    phone.store.keys.delete('pre-key');
    await phone.login();
    const id = await world.control.write(friend.number, handset.number, 'healed');
    const healed = await phone.arrives('healed');
    expect(healed.waId).toBe(id);
    const kinds = phone.all('message').flatMap(({ message }) => (message.waId === id ? [message.type] : []));
    expect([kinds[0], kinds.at(-1)]).toEqual(['ciphertext', 'chat']);
  });

  test('history that a crash left behind comes again before the backlog counts as drained', async () => {
    const handset = await world.person('Nila');
    const phone = world.phone();
    phone.storesHistory = false;
    await phone.link(world.control, handset.number);
    const first = await phone.fact('history');
    await phone.session?.close();
    expect(phone.store.inbox.map(({ ciphertextHash }) => ciphertextHash)).toContainEqual(first.batch.ciphertextHash);
    phone.storesHistory = true;
    await phone.login();
    const kinds = phone.facts.map(({ kind }) => kind);
    expect(kinds).toContain('history');
    expect(kinds.indexOf('history')).toBeLessThan(kinds.indexOf('drained'));
    expect(phone.all('history').map(({ batch }) => batch)).toContainEqual(first.batch);
    expect(phone.store.inbox).toEqual([]);
  });

  test('keys for the settings that a crash kept from the library are processed at the next login', async () => {
    const { phone } = await world.linked('Omar');
    const hasKeys = (): boolean => (phone.store.keys.get('app-state-sync-key')?.size ?? 0) > 0;
    await until('the settings keys', hasKeys);
    const shares = phone.store.writes
      .flatMap(({ inbox }) => inbox ?? [])
      .filter(({ plaintext }) => isKeyShare(plaintext));
    expect(shares.length).toBeGreaterThan(0);
    await phone.session?.close();
    phone.store.keys.delete('app-state-sync-key');
    phone.store.inbox.push(...shares);
    await phone.login();
    expect(hasKeys()).toBe(true);
    await until('the entry to be settled', () => phone.store.inbox.length === 0);
  });
});

function isKeyShare(plaintext: Uint8Array): boolean {
  const message = proto.Message.decode(plaintext);
  return Boolean((message.deviceSentMessage?.message ?? message).protocolMessage?.appStateSyncKeyShare);
}
