import { type InboundMessage, type InboxEntry, systemClock } from '@trunkline/core';
import { MemorySessionStore, silentLog } from '@trunkline/testkit';
import {
  type AuthenticationCreds,
  addTransactionCapability,
  type BinaryNode,
  Curve,
  decryptMessageNode,
  encodeWAMessage,
  generateSignalPubKey,
  initAuthCreds,
  proto,
  type SignalRepositoryWithLIDStore,
} from 'baileys';
import { beforeEach, describe, expect, test } from 'vitest';
import { PhoneKeys } from '../auth/phone-keys.js';
import { SessionWriter } from '../auth/session-writer.js';
import { SteadyStore } from '../auth/steady-store.js';
import { installRustCurve } from '../curve/rust-curve.js';
import { libraryLog } from '../library-log.js';
import { makeSignalRepository } from '../signal/make-signal-repository.js';
import { MessageInbox } from './message-inbox.js';

installRustCurve();

const ME = { id: '15550001:3@s.whatsapp.net', lid: '90001:3@lid' };
const ANNA = '15550002@s.whatsapp.net';
const GROUP = '120363041234567890@g.us';

interface Party {
  readonly creds: AuthenticationCreds;
  readonly keys: PhoneKeys;
  readonly inbox: MessageInbox;
  readonly repository: SignalRepositoryWithLIDStore;
  readonly messages: InboundMessage[];
  readonly forLibrary: InboxEntry[];
  readonly broken: Error[];
}

/** One process that runs a phone; made again over the same store it is the process after a crash. */
function party(store: MemorySessionStore, creds: AuthenticationCreds): Party {
  const messages: InboundMessage[] = [];
  const forLibrary: InboxEntry[] = [];
  const broken: Error[] = [];
  const steady = new SteadyStore(store, systemClock, (error) => broken.push(error));
  const writer = new SessionWriter({
    store: steady,
    clock: systemClock,
    held: false,
    encodeCredentials: () => new Uint8Array(),
  });
  const keys = new PhoneKeys(steady, writer, false);
  const inbox = new MessageInbox({
    store: steady,
    writer,
    log: silentLog,
    me: () => ME,
    onMessage: (message) => messages.push(message),
    onLibraryEntry: (entry) => forLibrary.push(entry),
  });
  const log = libraryLog(silentLog);
  const transactional = addTransactionCapability(
    { get: (type, ids) => keys.get(type, ids), set: (changes) => keys.set(changes) },
    log,
    { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
  );
  const make = makeSignalRepository({ creds, keys, ledger: inbox, clock: systemClock });
  const repository = make({ creds, keys: transactional }, log, async () => []);
  return { creds, keys, inbox, repository, messages, forLibrary, broken };
}

let store: MemorySessionStore;
let me: Party;
let anna: Party;

beforeEach(async () => {
  store = new MemorySessionStore();
  me = party(store, initAuthCreds());
  anna = party(new MemorySessionStore(), initAuthCreds());
  const preKey = Curve.generateKeyPair();
  await me.keys.set({ 'pre-key': { 5: preKey } });
  const { signedPreKey, registrationId, signedIdentityKey } = me.creds;
  await anna.repository.injectE2ESession({
    jid: ME.id,
    session: {
      registrationId,
      identityKey: generateSignalPubKey(signedIdentityKey.public),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
        signature: signedPreKey.signature,
      },
      preKey: { keyId: 5, publicKey: generateSignalPubKey(preKey.public) },
    },
  });
  store.writes.length = 0;
});

async function stanza(message: proto.IMessage, attrs: Record<string, string> = {}): Promise<BinaryNode> {
  const { type, ciphertext } = await anna.repository.encryptMessage({ jid: ME.id, data: encodeWAMessage(message) });
  return {
    tag: 'message',
    attrs: { id: 'WA1', from: ANNA, t: '1700000000', notify: 'Anna', sender_lid: '90002@lid', type: 'text', ...attrs },
    content: [{ tag: 'enc', attrs: { v: '2', type }, content: ciphertext }],
  };
}

/** The way of a stanza through the library: announced, then decrypted; answers what the library read. */
async function receive(at: Party, node: BinaryNode) {
  at.inbox.arrived(node);
  const decoded = decryptMessageNode(node, ME.id, ME.lid, at.repository, libraryLog(silentLog));
  await decoded.decrypt();
  return decoded.fullMessage;
}

/** The same stanza as it comes again: equal bytes, another buffer. */
function again(node: BinaryNode): BinaryNode {
  const content = Array.isArray(node.content) ? node.content : [];
  return {
    ...node,
    content: content.map((child) =>
      child.content instanceof Uint8Array ? { ...child, content: Buffer.from(child.content) } : child,
    ),
  };
}

test('plaintext, ratchet step and used prekey commit together, before anybody sees the message', async () => {
  const node = await stanza({ conversation: 'hello' });
  const seenAtCommit: number[] = [];
  store.beforeWrite = () => void seenAtCommit.push(me.messages.length);
  const read = await receive(me, node);
  expect(read.message?.conversation).toBe('hello');
  const written = store.writes.filter((write) => write.inbox !== undefined);
  expect(written).toHaveLength(1);
  expect(written[0]?.keys?.map(({ kind, keyId, value }) => [kind, keyId, value === null]).sort()).toEqual([
    ['pre-key', '5', true],
    ['session', '90002_1.0', false],
  ]);
  expect(seenAtCommit.every((count) => count === 0)).toBe(true);
  expect(me.messages).toEqual([
    expect.objectContaining({
      waId: 'WA1',
      body: 'hello',
      type: 'chat',
      fromMe: false,
      senderName: 'Anna',
      chat: { kind: 'person', address: { number: '15550002', lid: '90002' } },
      at: new Date(1_700_000_000_000),
      fromHistory: false,
      ciphertextHash: store.inbox[0]?.ciphertextHash,
    }),
  ]);
});

test('a redelivered stanza is answered from the inbox, moves no ratchet and makes no second message', async () => {
  const node = await stanza({ conversation: 'hello' });
  await receive(me, node);
  const session = Buffer.from(store.keys.get('session')?.get('90002_1.0') ?? []);
  const read = await receive(me, again(node));
  expect(read.message?.conversation).toBe('hello');
  expect(read.messageStubType ?? 0).toBe(0);
  expect(Buffer.from(store.keys.get('session')?.get('90002_1.0') ?? [])).toEqual(session);
  expect(me.messages).toHaveLength(1);
  expect(store.inbox).toHaveLength(1);
});

test('a crash before the commit loses nothing: the stanza comes again and is read', async () => {
  const node = await stanza({ conversation: 'hello' });
  store.isFenced = true;
  await receive(me, node);
  expect(me.messages).toHaveLength(0);
  expect(me.broken).toHaveLength(1);
  store.isFenced = false;
  const next = party(store, me.creds);
  const read = await receive(next, again(node));
  expect(read.message?.conversation).toBe('hello');
  expect(next.messages).toHaveLength(1);
});

test('a crash after the commit loses nothing: the message comes from the inbox, equal to the live one', async () => {
  await receive(me, await stanza({ conversation: 'one' }));
  await receive(
    me,
    await stanza({ extendedTextMessage: { text: 'two', contextInfo: { stanzaId: 'Q1' } } }, { id: 'WA2' }),
  );
  const next = party(store, me.creds);
  next.inbox.replay(await store.waitingInbox());
  expect(next.messages).toEqual(me.messages);
  expect(next.messages.map(({ body, quotedWaId }) => [body, quotedWaId])).toEqual([
    ['one', null],
    ['two', 'Q1'],
  ]);
});

test('a stored message leaves the inbox, and its ciphertext is a duplicate from then on', async () => {
  const node = await stanza({ conversation: 'hello' });
  await receive(me, node);
  store.settle(me.messages[0]?.ciphertextHash ?? new Uint8Array());
  const read = await receive(me, again(node));
  expect(read.messageStubParameters?.[0]).toBe('Key used already or never filled');
  expect(me.messages).toHaveLength(1);
});

test('an unreadable stanza leaves a placeholder, and the retry brings its content under the same id', async () => {
  const node = await stanza({ conversation: 'hello' });
  const broken = again(node);
  const [enc] = Array.isArray(broken.content) ? broken.content : [];
  if (!(enc?.content instanceof Uint8Array)) throw new Error('no ciphertext');
  enc.content[60] = (enc.content[60] ?? 0) ^ 1;
  const read = await receive(me, broken);
  expect(read.messageStubType).toBe(proto.WebMessageInfo.StubType.CIPHERTEXT);
  expect(me.messages).toEqual([
    expect.objectContaining({ waId: 'WA1', type: 'ciphertext', body: null, ciphertextHash: null }),
  ]);
  await receive(me, again(node));
  expect(me.messages[1]).toMatchObject({ waId: 'WA1', type: 'chat', body: 'hello' });
});

test('a stanza that WhatsApp could not hand over leaves a placeholder too', async () => {
  await receive(me, {
    tag: 'message',
    attrs: { id: 'WA9', from: ANNA, t: '1700000000' },
    content: [{ tag: 'unavailable', attrs: {} }],
  });
  expect(me.messages).toEqual([expect.objectContaining({ waId: 'WA9', type: 'ciphertext' })]);
});

describe('groups', () => {
  async function groupStanza(message: proto.IMessage, withKey: boolean, id: string): Promise<BinaryNode> {
    const { ciphertext, senderKeyDistributionMessage } = await anna.repository.encryptGroupMessage({
      group: GROUP,
      meId: ANNA,
      data: encodeWAMessage(message),
    });
    const item = { groupId: GROUP, axolotlSenderKeyDistributionMessage: senderKeyDistributionMessage };
    const key = await anna.repository.encryptMessage({
      jid: ME.id,
      data: encodeWAMessage({ senderKeyDistributionMessage: item }),
    });
    return {
      tag: 'message',
      attrs: { id, from: GROUP, participant: ANNA, participant_lid: '90002@lid', t: '1700000000', notify: 'Anna' },
      content: [
        ...(withKey ? [{ tag: 'enc', attrs: { v: '2', type: key.type }, content: key.ciphertext }] : []),
        { tag: 'enc', attrs: { v: '2', type: 'skmsg' }, content: ciphertext },
      ],
    };
  }

  test('a sender key commits with the message that brings it and needs no inbox of its own', async () => {
    const node = await groupStanza({ conversation: 'hello group' }, true, 'G1');
    const read = await receive(me, node);
    expect(read.message?.conversation).toBe('hello group');
    const withKey = store.writes.find((write) => write.keys?.some(({ kind }) => kind === 'sender-key'));
    expect(withKey?.keys?.map(({ kind }) => kind).sort()).toEqual(['pre-key', 'sender-key', 'session']);
    expect(withKey?.inbox).toBeUndefined();
    expect(store.inbox).toHaveLength(1);
    expect(me.messages).toEqual([
      expect.objectContaining({
        waId: 'G1',
        body: 'hello group',
        chat: { kind: 'group', groupId: GROUP },
        sender: { number: '15550002', lid: '90002' },
      }),
    ]);
  });

  test('later messages of the group need no key, and come once', async () => {
    await receive(me, await groupStanza({ conversation: 'one' }, true, 'G1'));
    const second = await groupStanza({ conversation: 'two' }, false, 'G2');
    await receive(me, second);
    const read = await receive(me, again(second));
    expect(read.message?.conversation).toBe('two');
    expect(me.messages.map(({ body }) => body)).toEqual(['one', 'two']);
  });
});

describe('messages that speak to the device', () => {
  const share: proto.IMessage = {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: {
        keys: [{ keyId: { keyId: Buffer.from('k1') }, keyData: { keyData: Buffer.alloc(32, 1) } }],
      },
    },
  };

  test('from our own handset they wait in the inbox for the library', async () => {
    await receive(me, await stanza(share, { from: '15550001@s.whatsapp.net', category: 'peer' }));
    expect(me.messages).toHaveLength(0);
    expect(me.forLibrary).toHaveLength(1);
    const next = party(store, me.creds);
    next.inbox.replay(await store.waitingInbox());
    expect(next.forLibrary).toHaveLength(1);
  });

  test('from anybody else they are nothing', async () => {
    await receive(me, await stanza(share));
    expect([me.messages.length, me.forLibrary.length, store.inbox.length]).toEqual([0, 0, 0]);
  });
});
