import { randomBytes } from 'node:crypto';
import type { Address, ChatId, InboundMessage, Lease, Lid, OwnedPhoneStore, PhoneNumber } from '@trunkline/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeOrg, makePhone, takePhone } from '../testing/make-phone.js';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';

let database: TestDatabase;
let lease: Lease;
let owned: OwnedPhoneStore;
beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  lease = await takePhone(database.db, await makePhone(database.db, await makeOrg(database.db)));
  owned = database.db.owned(lease.nodeId);
});
afterAll(() => database.drop());

const NUMBER = '4915112345678' as PhoneNumber;
const LID = '123456789012345' as Lid;
const ME: Address = { number: '4915199999999' as PhoneNumber, lid: null };
const GROUP = '120363000000000001@g.us' as ChatId;
const byNumber: Address = { number: NUMBER, lid: null };
const byLid: Address = { number: null, lid: LID };
const both: Address = { number: NUMBER, lid: LID };
const nothing = { people: [], chats: [], messages: [], ciphertextHash: null };

function message(from: Address, more: Partial<InboundMessage> = {}): InboundMessage {
  return {
    waId: randomBytes(8).toString('hex'),
    chat: { kind: 'person', address: from },
    fromMe: false,
    sender: from,
    senderName: null,
    at: new Date(1_700_000_000_000),
    type: 'chat',
    body: 'hello',
    quotedWaId: null,
    content: Buffer.from('protobuf'),
    fromHistory: false,
    ciphertextHash: null,
    ...more,
  };
}

const stored = () =>
  database.rows<Record<string, unknown>>(
    `select chat_id, wa_id, from_me, sender_number, sender_lid, sender_name, type, body, quoted_wa_id, content, from_history, at
     from messages where phone_id = $1 order by at, wa_id`,
    [lease.phoneId],
  );
const chats = () =>
  database.rows<Record<string, unknown>>(
    'select chat_id, kind, name, unread_count, last_message_at from chats where phone_id = $1 order by chat_id',
    [lease.phoneId],
  );
const people = () =>
  database.rows<Record<string, unknown>>(
    'select number, lid, name from identities where phone_id = $1 order by number, lid',
    [lease.phoneId],
  );

describe('a message', () => {
  test('is stored with its chat and its author', async () => {
    const hello = message(byNumber, { senderName: 'Ada', quotedWaId: 'Q' });
    expect(await owned.receive(lease, hello)).toBe('new');
    expect(await stored()).toEqual([
      {
        chat_id: `${NUMBER}@c.us`,
        wa_id: hello.waId,
        from_me: false,
        sender_number: NUMBER,
        sender_lid: null,
        sender_name: 'Ada',
        type: 'chat',
        body: 'hello',
        quoted_wa_id: 'Q',
        content: Buffer.from('protobuf'),
        from_history: false,
        at: hello.at,
      },
    ]);
    expect(await chats()).toEqual([
      { chat_id: `${NUMBER}@c.us`, kind: 'user', name: null, unread_count: null, last_message_at: hello.at },
    ]);
    expect(await people()).toEqual([{ number: NUMBER, lid: null, name: 'Ada' }]);
  });

  test('is stored once, also when it comes many times at once', async () => {
    const hello = message(byNumber);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => owned.receive(lease, { ...hello, body: 'again' })),
    );
    expect(answers.sort()).toEqual(['known', 'known', 'known', 'known', 'known', 'new']);
    expect(await owned.receive(lease, message(byNumber, { waId: hello.waId, fromMe: true, sender: ME }))).toBe('new');
    expect(await stored()).toHaveLength(2);
  });

  test('that could not be read is replaced by its content, and by nothing else', async () => {
    const placeholder = message(byNumber, { type: 'ciphertext', body: null, content: Buffer.alloc(0) });
    expect(await owned.receive(lease, placeholder)).toBe('new');
    expect(await owned.receive(lease, placeholder)).toBe('known');
    expect(await owned.receive(lease, { ...placeholder, type: 'chat', body: 'readable' })).toBe('new');
    expect(await owned.receive(lease, { ...placeholder, type: 'chat', body: 'other' })).toBe('known');
    expect(await owned.receive(lease, placeholder)).toBe('known');
    expect(await stored()).toMatchObject([{ type: 'chat', body: 'readable' }]);
  });

  test('settles its inbox entry in the same commit, known or new', async () => {
    const session = owned.sessionStore(lease);
    const [first, second] = [randomBytes(32), randomBytes(32)];
    for (const ciphertextHash of [first, second]) {
      await session.write({ inbox: { ciphertextHash, stanza: {}, plaintext: Buffer.from('p') } });
    }
    const hello = message(byNumber, { ciphertextHash: first });
    await owned.receive(lease, hello);
    expect((await session.waitingInbox()).map((entry) => entry.ciphertextHash)).toEqual([second]);
    await owned.receive(lease, { ...hello, ciphertextHash: second });
    expect(await session.waitingInbox()).toEqual([]);
  });

  test('with characters that no database takes is stored all the same', async () => {
    expect(await owned.receive(lease, message(byNumber, { body: 'a\0b\uD83D', senderName: '\0', waId: 'X\0' }))).toBe(
      'new',
    );
    expect(await stored()).toMatchObject([{ body: 'a\uFFFDb\uFFFD', sender_name: '\uFFFD', wa_id: 'X\uFFFD' }]);
  });

  test('in a group belongs to the group, its author to the people', async () => {
    await owned.receive(lease, message(byLid, { chat: { kind: 'group', groupId: GROUP }, senderName: 'Ada' }));
    expect(await stored()).toMatchObject([{ chat_id: GROUP, sender_lid: LID, sender_number: null }]);
    expect(await chats()).toMatchObject([{ chat_id: GROUP, kind: 'group' }]);
    expect(await people()).toEqual([{ number: null, lid: LID, name: 'Ada' }]);
  });
});

describe('a number that is learned for a LID', () => {
  test('takes over the chat and its messages', async () => {
    const early = message(byLid, { body: 'early', senderName: 'Ada' });
    await owned.receive(lease, early);
    expect(await chats()).toMatchObject([{ chat_id: `${LID}@lid` }]);
    await owned.receive(lease, message(both, { body: 'late', at: new Date(1_700_000_001_000) }));
    expect((await stored()).map((row) => [row.chat_id, row.body])).toEqual([
      [`${NUMBER}@c.us`, 'early'],
      [`${NUMBER}@c.us`, 'late'],
    ]);
    expect(await chats()).toMatchObject([{ chat_id: `${NUMBER}@c.us`, last_message_at: new Date(1_700_000_001_000) }]);
    expect(await people()).toEqual([{ number: NUMBER, lid: LID, name: 'Ada' }]);
    await owned.receive(lease, message(byLid, { body: 'by lid', at: new Date(1_700_000_002_000) }));
    expect((await stored()).at(-1)).toMatchObject({
      chat_id: `${NUMBER}@c.us`,
      sender_number: NUMBER,
      sender_lid: LID,
    });
  });

  test('joins two chats of one person, keeping each message once and its content', async () => {
    const twice = message(byLid, { body: 'content' });
    await owned.receive(lease, twice);
    await owned.receive(lease, { ...message(byNumber), waId: twice.waId, type: 'ciphertext', body: null });
    await owned.receive(lease, message(byNumber, { body: 'second', at: new Date(1_700_000_003_000) }));
    await owned.storeHistory(lease, { ...nothing, people: [{ address: both, name: 'Ada' }] });
    expect((await stored()).map((row) => [row.chat_id, row.body])).toEqual([
      [`${NUMBER}@c.us`, 'content'],
      [`${NUMBER}@c.us`, 'second'],
    ]);
    expect(await chats()).toMatchObject([{ chat_id: `${NUMBER}@c.us`, last_message_at: new Date(1_700_000_003_000) }]);
    expect(await people()).toEqual([{ number: NUMBER, lid: LID, name: 'Ada' }]);
  });

  test('that another account had before is taken from it', async () => {
    const otherLid = '999999999999999' as Lid;
    await owned.receive(lease, message(both, { senderName: 'Ada' }));
    await owned.receive(lease, message({ number: NUMBER, lid: otherLid }, { senderName: 'Bob' }));
    expect(await people()).toEqual([
      { number: NUMBER, lid: otherLid, name: 'Bob' },
      { number: null, lid: LID, name: 'Ada' },
    ]);
  });
});

describe('history', () => {
  const chat = (address: Address, name: string | null, unreadCount: number | null = null) => ({
    chat: { kind: 'person' as const, address },
    name,
    unreadCount,
    at: new Date(1_600_000_000_000),
  });

  test('is stored in bulk, and storing it again changes nothing', async () => {
    const session = owned.sessionStore(lease);
    const ciphertextHash = randomBytes(32);
    await session.write({ inbox: { ciphertextHash, stanza: {}, plaintext: Buffer.from('p') } });
    const contact = (at: number): Address => ({
      number: `49151000${at}` as PhoneNumber,
      lid: `88800000000${at}` as Lid,
    });
    const numbers = Array.from({ length: 50 }, (_, at) => at + 1_000);
    const batch = {
      people: numbers.map((at) => ({ address: contact(at), name: `Person ${at}` })),
      chats: numbers.map((at) => chat({ number: null, lid: contact(at).lid }, `Chat ${at}`, 2)),
      messages: Array.from({ length: 1_500 }, (_, at) => {
        const author = contact(1_000 + (at % 50));
        return message(
          { number: null, lid: author.lid },
          { waId: `H${at}`, fromHistory: true, at: new Date(1_600_000_000_000 + at) },
        );
      }),
      ciphertextHash,
    };
    await owned.storeHistory(lease, batch);
    const [first, messages] = [await chats(), await stored()];
    expect(first).toHaveLength(50);
    expect(first[0]).toMatchObject({ chat_id: '491510001000@c.us', name: 'Chat 1000', unread_count: 2 });
    expect(messages).toHaveLength(1_500);
    expect(messages.every((row) => row.from_history === true && String(row.chat_id).endsWith('@c.us'))).toBe(true);
    expect(await session.waitingInbox()).toEqual([]);
    await owned.storeHistory(lease, batch);
    expect(await chats()).toEqual(first);
    expect(await stored()).toEqual(messages);
    expect(await people()).toHaveLength(50);
  });

  test('does not overrule what is known from live stanzas', async () => {
    const live = message(both, { body: 'live', senderName: 'Ada' });
    await owned.receive(lease, live);
    await owned.storeHistory(lease, {
      ...nothing,
      people: [
        { address: { number: NUMBER, lid: '777777777777777' as Lid }, name: 'Old' },
        { address: both, name: 'Old' },
      ],
      chats: [chat(byNumber, 'Chat')],
      messages: [{ ...live, body: 'old', fromHistory: true }],
    });
    expect(await stored()).toMatchObject([{ body: 'live', from_history: false }]);
    expect(await people()).toEqual([{ number: NUMBER, lid: LID, name: 'Ada' }]);
    expect(await chats()).toMatchObject([{ name: 'Chat', last_message_at: live.at }]);
  });

  test('that is empty still settles its inbox entry', async () => {
    const session = owned.sessionStore(lease);
    const ciphertextHash = randomBytes(32);
    await session.write({ inbox: { ciphertextHash, stanza: {}, plaintext: Buffer.from('p') } });
    await owned.storeHistory(lease, { ...nothing, ciphertextHash });
    expect(await session.waitingInbox()).toEqual([]);
  });

  test('and live messages of one phone at once do not lose or double anything', async () => {
    const lid = (at: number) => `66600000000${at}` as Lid;
    const number = (at: number) => `4915200000${at}` as PhoneNumber;
    await Promise.all([
      ...Array.from({ length: 10 }, (_, at) =>
        owned.receive(lease, message({ number: null, lid: lid(at) }, { waId: `L${at}` })),
      ),
      owned.storeHistory(lease, {
        ...nothing,
        people: Array.from({ length: 10 }, (_, at) => ({ address: { number: number(at), lid: lid(at) }, name: null })),
        messages: Array.from({ length: 10 }, (_, at) =>
          message({ number: number(at), lid: null }, { waId: `L${at}`, fromHistory: true }),
        ),
      }),
    ]);
    expect(await stored()).toHaveLength(10);
    expect((await chats()).map((row) => row.chat_id)).toEqual(
      Array.from({ length: 10 }, (_, at) => `${number(at)}@c.us`),
    );
  });
});
