import type { Address, HistoryBatch, HistoryChat, InboundMessage } from '@trunkline/core';
import { type BaileysEventMap, isJidGroup, proto, toNumber, type WAMessage } from 'baileys';
import { addressOf, chatOf, isMe, type Me, myAddress } from './address.js';
import { contentFacts } from './message-content.js';

export type HistorySet = Pick<
  BaileysEventMap['messaging-history.set'],
  'chats' | 'contacts' | 'messages' | 'lidPnMappings'
>;

/** The other spelling of a JID, as one history chunk knows it. */
type Other = (jid: string | null | undefined) => string | undefined;

/** Turns one chunk of history into ours. */
export function translateHistory(set: HistorySet, me: Me, ciphertextHash: Uint8Array | null): HistoryBatch {
  const other = otherSpellings(set);
  return {
    chats: set.chats.map((chat) => historyChat(chat, other)).filter((chat) => chat !== null),
    messages: set.messages.map((message) => historyMessage(message, me, other)).filter((message) => message !== null),
    people: people(set, other),
    ciphertextHash,
  };
}

/** A message that our handset passes on: from history, or because we could not read the original. */
export function translatePassedOn(
  message: WAMessage,
  me: Me,
  ciphertextHash: Uint8Array | null,
): InboundMessage | null {
  const translated = historyMessage(message, me, () => undefined);
  return translated === null ? null : { ...translated, fromHistory: false, ciphertextHash };
}

function historyMessage(message: WAMessage, me: Me, other: Other): InboundMessage | null {
  const { key } = message;
  const chat = chatOf(key.remoteJid, key.remoteJidAlt, other(key.remoteJid));
  const facts = message.message ? contentFacts(message.message) : unreadFacts(message);
  if (!key.id || chat === null || facts === null || isProtocol(message)) return null;
  const author = key.participant ?? message.participant ?? key.remoteJid;
  const fromMe = key.fromMe ?? isMe(author, me);
  const sender = fromMe ? myAddress(me) : addressOf(author, key.participantAlt, key.remoteJidAlt, other(author));
  if (sender === null) return null;
  return {
    waId: key.id,
    chat,
    fromMe,
    sender,
    senderName: fromMe ? null : (message.pushName ?? null),
    at: new Date(toNumber(message.messageTimestamp) * 1_000),
    ...facts,
    content: message.message ? proto.Message.encode(message.message).finish() : new Uint8Array(),
    fromHistory: true,
    ciphertextHash: null,
  };
}

function unreadFacts(message: WAMessage): ReturnType<typeof contentFacts> {
  const isUnread = message.messageStubType === proto.WebMessageInfo.StubType.CIPHERTEXT;
  return isUnread ? { type: 'ciphertext', body: null, quotedWaId: null } : null;
}

function isProtocol(message: WAMessage): boolean {
  return Boolean(message.message?.protocolMessage);
}

function historyChat(chat: HistorySet['chats'][number], other: Other): HistoryChat | null {
  const address = chatOf(chat.id, chat.pnJid, chat.lidJid, other(chat.id));
  if (address === null) return null;
  const seconds = toNumber(chat.conversationTimestamp ?? chat.lastMessageRecvTimestamp ?? 0);
  return {
    chat: address,
    name: chat.displayName || chat.name || null,
    unreadCount: typeof chat.unreadCount === 'number' && chat.unreadCount >= 0 ? chat.unreadCount : null,
    at: seconds > 0 ? new Date(seconds * 1_000) : null,
  };
}

function people(set: HistorySet, other: Other): { address: Address; name: string | null }[] {
  const named = set.contacts.flatMap((contact) => {
    if (isJidGroup(contact.id)) return [];
    const address = addressOf(contact.id, contact.phoneNumber, contact.lid, other(contact.id));
    return address === null ? [] : [{ address, name: contact.name || contact.verifiedName || contact.notify || null }];
  });
  const mapped = (set.lidPnMappings ?? []).flatMap(({ pn, lid }) => {
    const address = addressOf(pn, lid);
    return address === null ? [] : [{ address, name: null }];
  });
  return [...named, ...mapped];
}

function otherSpellings(set: HistorySet): Other {
  const known = new Map<string, string>();
  for (const { pn, lid } of set.lidPnMappings ?? []) {
    known.set(pn, lid);
    known.set(lid, pn);
  }
  return (jid) => (jid ? known.get(jid) : undefined);
}
