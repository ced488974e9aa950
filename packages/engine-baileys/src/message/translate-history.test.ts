import { processHistoryMessage, proto } from 'baileys';
import { expect, test } from 'vitest';
import { translateHistory, translatePassedOn } from './translate-history.js';

const ME = { id: '15550001:3@s.whatsapp.net', lid: '90001:3@lid' };
const HASH = Buffer.from('hash');
const GROUP = '120363041234567890@g.us';

const info = (id: string, remoteJid: string, more: proto.IWebMessageInfo = { key: {} }): proto.IHistorySyncMsg => ({
  message: {
    messageTimestamp: 1_700_000_000,
    message: { conversation: `text of ${id}` },
    ...more,
    key: { remoteJid, id, ...more.key },
  },
});

const chunk = processHistoryMessage(
  proto.HistorySync.fromObject({
    syncType: proto.HistorySync.HistorySyncType.RECENT,
    phoneNumberToLidMappings: [{ pnJid: '15550002@s.whatsapp.net', lidJid: '90002@lid' }],
    conversations: [
      {
        id: '90002@lid',
        name: 'Anna',
        unreadCount: 2,
        conversationTimestamp: 1_700_000_005,
        messages: [
          info('A1', '90002@lid', { key: {}, pushName: 'Anna' }),
          info('A2', '90002@lid', { key: { fromMe: true } }),
          info('A3', '90002@lid', { key: {}, message: { protocolMessage: { type: 0 } } }),
          { message: { key: { remoteJid: '90002@lid', id: 'A4' }, messageStubType: 40, messageTimestamp: 1 } },
        ],
      },
      { id: GROUP, name: 'Group', messages: [info('G1', GROUP, { key: { participant: '90002@lid' } })] },
      { id: 'status@broadcast', messages: [info('S1', 'status@broadcast', { key: { participant: '90002@lid' } })] },
    ],
  }),
);

test('chats, messages and people of a chunk, with numbers and LIDs joined', () => {
  const batch = translateHistory(chunk, ME, HASH);
  const anna = { number: '15550002', lid: '90002' };
  expect(batch.ciphertextHash).toBe(HASH);
  expect(batch.chats).toEqual([
    { chat: { kind: 'person', address: anna }, name: 'Anna', unreadCount: 2, at: new Date(1_700_000_005_000) },
    expect.objectContaining({ chat: { kind: 'group', groupId: GROUP }, name: 'Group' }),
  ]);
  expect(
    batch.messages.map(({ waId, fromMe, sender, body, fromHistory }) => [waId, fromMe, sender, body, fromHistory]),
  ).toEqual([
    ['A1', false, anna, 'text of A1', true],
    ['A2', true, { number: '15550001', lid: '90001' }, 'text of A2', true],
    ['G1', false, anna, 'text of G1', true],
  ]);
  expect(batch.people).toContainEqual({ address: anna, name: 'Anna' });
  expect(batch.people).toContainEqual({ address: anna, name: null });
});

test('push names are people without chats', () => {
  const names = processHistoryMessage(
    proto.HistorySync.fromObject({
      syncType: proto.HistorySync.HistorySyncType.PUSH_NAME,
      pushnames: [{ id: '15550003@s.whatsapp.net', pushname: 'Bert' }],
    }),
  );
  expect(translateHistory(names, ME, null)).toMatchObject({
    chats: [],
    messages: [],
    people: [{ address: { number: '15550003', lid: null }, name: 'Bert' }],
  });
});

test('a message that the handset passes on is live and settles its entry', () => {
  const { message } = info('P1', '15550002@s.whatsapp.net');
  expect(translatePassedOn({ ...message, key: message?.key ?? {} }, ME, HASH)).toMatchObject({
    waId: 'P1',
    body: 'text of P1',
    fromHistory: false,
    ciphertextHash: HASH,
  });
});
