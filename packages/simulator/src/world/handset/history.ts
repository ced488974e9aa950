/** What a handset hands to a freshly linked device: the shared settings key and its chats so far. */
import { deflateSync } from 'node:zlib';
import { proto } from 'baileys/WAProto/index.js';
import type { Account } from '../account.js';
import type { LoggedMessage } from './chat-log.js';

const { HistorySyncType } = proto.HistorySync;
const ProtocolType = proto.Message.ProtocolMessage.Type;

/** Looks up the account behind a chat, for names and the pairing of its two addresses. */
export type FindAccount = (number: string) => Account | undefined;

/** The message that shares the key under which settings are synced. */
export function keyShareMessage(account: Account): proto.IMessage {
  const { id, data, timestampMs } = account.record.appStateKey;
  return {
    protocolMessage: {
      type: ProtocolType.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: {
        keys: [
          {
            keyId: { keyId: id },
            keyData: {
              keyData: data,
              timestamp: timestampMs,
              fingerprint: { rawId: account.record.registrationId, currentIndex: 0, deviceIndexes: [0] },
            },
          },
        ],
      },
    },
  };
}

/** The message with all chats of a handset, and the one with the names of the people in them. */
export function historyMessages(account: Account, messages: LoggedMessage[], find: FindAccount): proto.IMessage[] {
  const chats = new Map<string, LoggedMessage[]>();
  for (const message of messages) {
    const list = chats.get(message.chat);
    if (list === undefined) chats.set(message.chat, [message]);
    else list.push(message);
  }
  const partners = [...chats.keys()].map(find).filter((found) => found !== undefined);
  const known = [account, ...partners];
  return [
    notification({
      syncType: HistorySyncType.INITIAL_BOOTSTRAP,
      chunkOrder: 0,
      progress: 100,
      conversations: [...chats].map(([chat, list]) => conversation(account, chat, list, find)),
      phoneNumberToLidMappings: known.map((item) => ({ pnJid: item.jid('pn'), lidJid: item.jid('lid') })),
    }),
    notification({
      syncType: HistorySyncType.PUSH_NAME,
      chunkOrder: 1,
      progress: 100,
      pushnames: known.map((item) => ({ id: item.jid('pn'), pushname: item.record.name })),
    }),
  ];
}

function notification(history: proto.IHistorySync): proto.IMessage {
  const inline = deflateSync(proto.HistorySync.encode(history).finish());
  return {
    protocolMessage: {
      type: ProtocolType.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: {
        syncType: history.syncType ?? HistorySyncType.INITIAL_BOOTSTRAP,
        chunkOrder: history.chunkOrder ?? 0,
        progress: history.progress ?? 0,
        initialHistBootstrapInlinePayload: inline,
      },
    },
  };
}

function conversation(
  account: Account,
  chat: string,
  messages: LoggedMessage[],
  find: FindAccount,
): proto.IConversation {
  const partner = find(chat);
  const id = partner?.jid('pn') ?? chat;
  const newest = messages.at(-1);
  return {
    id,
    // Clients take the first as the newest.
    messages: messages.toReversed().map((message, at) => ({
      message: webMessage(id, message),
      msgOrderId: messages.length - at,
    })),
    conversationTimestamp: Math.floor((newest?.at ?? account.record.createdAt) / 1000),
    unreadCount: messages.filter((message) => !message.fromMe && message.status === 'received').length,
    ...(partner === undefined ? {} : { pnJid: partner.jid('pn'), lidJid: partner.jid('lid') }),
  };
}

const STATUS = proto.WebMessageInfo.Status;
const HISTORY_STATUS = {
  sent: STATUS.SERVER_ACK,
  received: STATUS.DELIVERY_ACK,
  delivered: STATUS.DELIVERY_ACK,
  read: STATUS.READ,
  played: STATUS.PLAYED,
};

function webMessage(chatJid: string, message: LoggedMessage): proto.IWebMessageInfo {
  return {
    key: { remoteJid: chatJid, fromMe: message.fromMe, id: message.id },
    message: proto.Message.decode(message.content),
    messageTimestamp: Math.floor(message.at / 1000),
    status: HISTORY_STATUS[message.status],
  };
}
