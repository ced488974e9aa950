import { proto } from 'baileys';
import { describe, expect, test } from 'vitest';
import { placeholderOf, translateStanza } from './translate-stanza.js';

const ME = { id: '15550001:3@s.whatsapp.net', lid: '90001:3@lid' };
const HASH = Buffer.from('hash');
const ANNA = { number: '15550002', lid: '90002' };
const I = { number: '15550001', lid: '90001' };

const translate = (attrs: Record<string, string>, message: proto.IMessage) =>
  translateStanza({ id: 'W1', t: '1700000000', ...attrs }, proto.Message.encode(message).finish(), ME, HASH);

const text = { conversation: 'hi' };

describe('where a message belongs', () => {
  test.each([
    ['a number with its LID', { from: '15550002@s.whatsapp.net', sender_lid: '90002@lid' }, ANNA],
    ['a LID with its number', { from: '90002:7@lid', sender_pn: '15550002@s.whatsapp.net' }, ANNA],
    ['a LID alone', { from: '90002@lid' }, { number: null, lid: '90002' }],
    ['a hosted business', { from: '15550002:99@hosted' }, { number: '15550002', lid: null }],
  ])('%s', (_name, attrs, address) => {
    const translated = translate(attrs, text);
    expect(translated).toMatchObject({
      kind: 'message',
      message: { fromMe: false, sender: address, chat: { kind: 'person', address } },
    });
  });

  test('a group, by whoever writes, numbers and LIDs joined', () => {
    const attrs = {
      from: '120363041234567890@g.us',
      participant: '90002:1@lid',
      participant_pn: '15550002@s.whatsapp.net',
    };
    expect(translate({ ...attrs, notify: 'Anna' }, text)).toMatchObject({
      message: { chat: { kind: 'group', groupId: attrs.from }, sender: ANNA, fromMe: false, senderName: 'Anna' },
    });
    const mine = { from: attrs.from, participant: '90001@lid' };
    expect(translate(mine, text)).toMatchObject({ message: { fromMe: true, sender: I, senderName: null } });
  });

  test('what the owner writes on the handset belongs to the chat with the recipient', () => {
    const attrs = {
      from: '15550001@s.whatsapp.net',
      recipient: '90002@lid',
      peer_recipient_pn: '15550002@s.whatsapp.net',
      sender_lid: '90001@lid',
    };
    const sent = { deviceSentMessage: { destinationJid: '90002@lid', message: text } };
    expect(translate(attrs, sent)).toMatchObject({
      message: { fromMe: true, sender: I, body: 'hi', chat: { kind: 'person', address: ANNA } },
    });
  });

  test('notes to oneself belong to the own chat', () => {
    const attrs = { from: '15550001@s.whatsapp.net', recipient: '15550001@s.whatsapp.net' };
    expect(translate(attrs, text)).toMatchObject({ message: { fromMe: true, chat: { address: I } } });
  });

  test('a broadcast list is the chat with its author', () => {
    const attrs = { from: '123@broadcast', participant: '15550002@s.whatsapp.net', participant_lid: '90002@lid' };
    expect(translate(attrs, text)).toMatchObject({ message: { chat: { kind: 'person', address: ANNA } } });
  });

  test.each([{ from: 'status@broadcast', participant: '15550002@s.whatsapp.net' }, { from: '1@newsletter' }])(
    '%o belongs to no chat',
    (attrs) => {
      expect(translate(attrs, text)).toEqual({ kind: 'nothing' });
    },
  );
});

describe('what a message is', () => {
  const from = { from: '15550002@s.whatsapp.net' };
  test.each<[proto.IMessage, string, string | null]>([
    [{ conversation: 'a' }, 'chat', 'a'],
    [{ extendedTextMessage: { text: 'b' } }, 'chat', 'b'],
    [{ imageMessage: { caption: 'c' } }, 'image', 'c'],
    [{ imageMessage: {} }, 'image', null],
    [{ videoMessage: { caption: 'd' } }, 'video', 'd'],
    [{ ptvMessage: {} }, 'video', null],
    [{ audioMessage: { ptt: true } }, 'ptt', null],
    [{ audioMessage: {} }, 'audio', null],
    [{ documentMessage: { caption: 'e', fileName: 'f.pdf' } }, 'document', 'e'],
    [{ documentWithCaptionMessage: { message: { documentMessage: { caption: 'g' } } } }, 'document', 'g'],
    [{ stickerMessage: {} }, 'sticker', null],
    [{ contactMessage: { vcard: 'VCARD' } }, 'vcard', 'VCARD'],
    [{ contactsArrayMessage: { displayName: '2 contacts' } }, 'multi_vcard', '2 contacts'],
    [{ locationMessage: { name: 'here' } }, 'location', 'here'],
    [{ pollCreationMessageV3: { name: 'which?' } }, 'poll_creation', 'which?'],
    [{ ephemeralMessage: { message: { conversation: 'fades' } } }, 'chat', 'fades'],
    [{ viewOnceMessageV2: { message: { imageMessage: { caption: 'once' } } } }, 'image', 'once'],
    [{ reactionMessage: { text: '👍' } }, 'unsupported', null],
    [{ protocolMessage: { type: proto.Message.ProtocolMessage.Type.REVOKE, key: { id: 'X' } } }, 'unsupported', null],
  ])('%o', (message, type, body) => {
    expect(translate(from, message)).toMatchObject({ kind: 'message', message: { type, body, ciphertextHash: HASH } });
  });

  test('a reply names what it quotes', () => {
    const reply = { extendedTextMessage: { text: 'yes', contextInfo: { stanzaId: 'Q1' } } };
    expect(translate(from, reply)).toMatchObject({ message: { quotedWaId: 'Q1' } });
  });

  test('the content is kept whole', () => {
    const message = { extendedTextMessage: { text: 'x', matchedText: 'https://example.org' } };
    const translated = translate(from, message);
    if (translated.kind !== 'message') throw new Error('no message');
    expect(proto.Message.decode(translated.message.content).extendedTextMessage?.matchedText).toBe(
      'https://example.org',
    );
  });

  test('a sender key alone is nothing to people', () => {
    expect(translate(from, { senderKeyDistributionMessage: { groupId: '1@g.us' } })).toEqual({ kind: 'nothing' });
  });
});

describe('what speaks to the device', () => {
  const { Type } = proto.Message.ProtocolMessage;
  const kinds = [
    Type.HISTORY_SYNC_NOTIFICATION,
    Type.APP_STATE_SYNC_KEY_SHARE,
    Type.LID_MIGRATION_MAPPING_SYNC,
    Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
  ];
  test.each(kinds)('type %i is for the library from us, and nothing from anybody else', (type) => {
    const message = { protocolMessage: { type } };
    expect(translate({ from: '15550001@s.whatsapp.net', category: 'peer' }, message).kind).toBe('library');
    expect(translate({ from: '90001@lid', category: 'peer' }, message).kind).toBe('library');
    expect(translate({ from: '15550002@s.whatsapp.net' }, message).kind).toBe('nothing');
    expect(translate({ from: '1203@g.us', participant: '15550001@s.whatsapp.net' }, message).kind).toBe('nothing');
  });
});

test('a placeholder has place and time but no content, and peers of our own account have none', () => {
  const attrs = { id: 'W1', from: '15550002@s.whatsapp.net', t: '1700000000', notify: 'Anna' };
  expect(placeholderOf(attrs, ME)).toMatchObject({
    waId: 'W1',
    type: 'ciphertext',
    senderName: 'Anna',
    at: new Date(1_700_000_000_000),
    ciphertextHash: null,
  });
  expect(placeholderOf({ ...attrs, from: '15550001@s.whatsapp.net', category: 'peer' }, ME)).toBeNull();
});
