import type { Address, ChatAddress, InboundMessage } from '@trunkline/core';
import { isJidMetaAI, proto } from 'baileys';
import { addressOf, chatOf, groupOf, isMe, type Me, myAddress } from './address.js';
import { contentFacts } from './message-content.js';

type Attrs = Readonly<Record<string, string>>;

/**
 * What a decrypted stanza is to us. The same function reads a live stanza and one that a crash left in the inbox, so
 * that both give the same message.
 */
export type Translation =
  | { readonly kind: 'message'; readonly message: InboundMessage }
  /** Speaks to the device and not to people: the library must process it. */
  | { readonly kind: 'library'; readonly message: proto.IMessage }
  /** Nothing is lost without it. */
  | { readonly kind: 'nothing' };

const NOTHING: Translation = { kind: 'nothing' };
const { Type } = proto.Message.ProtocolMessage;

/** Told by our own handset only; from anybody else they are an attack and carry nothing. */
const FOR_LIBRARY: ReadonlySet<number> = new Set([
  Type.HISTORY_SYNC_NOTIFICATION,
  Type.APP_STATE_SYNC_KEY_SHARE,
  Type.LID_MIGRATION_MAPPING_SYNC,
  Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
]);

/** Change messages that people sent earlier. */
const FOR_PEOPLE: ReadonlySet<number> = new Set([Type.REVOKE, Type.MESSAGE_EDIT, Type.EPHEMERAL_SETTING]);

export function translateStanza(attrs: Attrs, plaintext: Uint8Array, me: Me, ciphertextHash: Uint8Array): Translation {
  const decoded = proto.Message.decode(plaintext);
  const message: proto.IMessage = decoded.deviceSentMessage?.message ?? decoded;
  const protocol = message.protocolMessage;
  if (protocol) {
    const type = protocol.type ?? Type.REVOKE;
    if (FOR_LIBRARY.has(type)) return isMe(attrs.from, me) ? { kind: 'library', message } : NOTHING;
    if (!FOR_PEOPLE.has(type)) return NOTHING;
  }
  const place = placeOf(attrs, me);
  const facts = contentFacts(message);
  if (place === null || facts === null) return NOTHING;
  return {
    kind: 'message',
    message: {
      waId: attrs.id ?? '',
      ...place,
      senderName: place.fromMe ? null : (attrs.notify ?? null),
      at: timeOf(attrs),
      ...facts,
      content: proto.Message.encode(message).finish(),
      fromHistory: false,
      ciphertextHash,
    },
  };
}

/** The place of a message that cannot be read; it heals when a retry brings its content. */
export function placeholderOf(attrs: Attrs, me: Me): InboundMessage | null {
  const place = placeOf(attrs, me);
  if (place === null || attrs.category === 'peer' || !attrs.id) return null;
  return {
    waId: attrs.id,
    ...place,
    senderName: place.fromMe ? null : (attrs.notify ?? null),
    at: timeOf(attrs),
    type: 'ciphertext',
    body: null,
    quotedWaId: null,
    content: new Uint8Array(),
    fromHistory: false,
    ciphertextHash: null,
  };
}

interface Place {
  readonly chat: ChatAddress;
  readonly fromMe: boolean;
  readonly sender: Address;
}

/** Chat and author by the attributes of a stanza; null for what belongs to no chat. */
function placeOf(attrs: Attrs, me: Me): Place | null {
  const { from, participant, recipient } = attrs;
  const author = participant ?? from;
  const fromMe = isMe(author, me);
  const authorAddress = fromMe
    ? myAddress(me)
    : addressOf(author, attrs.participant_pn, attrs.participant_lid, attrs.sender_pn, attrs.sender_lid);
  if (authorAddress === null || from === 'status@broadcast' || from?.endsWith('@newsletter')) return null;
  const groupId = groupOf(from);
  if (groupId !== null) return { chat: { kind: 'group', groupId }, fromMe, sender: authorAddress };
  if (!fromMe) return { chat: { kind: 'person', address: authorAddress }, fromMe, sender: authorAddress };
  // Written on another device of ours: the recipient is the chat, and the sender's spellings are our own.
  const to = recipient !== undefined && !isJidMetaAI(recipient) ? recipient : from;
  const chat = isMe(to, me)
    ? ({ kind: 'person', address: myAddress(me) } as const)
    : chatOf(to, attrs.peer_recipient_pn, attrs.peer_recipient_lid, attrs.recipient_pn, attrs.recipient_lid);
  return chat === null ? null : { chat, fromMe, sender: authorAddress };
}

function timeOf(attrs: Attrs): Date {
  const seconds = Number(attrs.t);
  return Number.isFinite(seconds) && seconds > 0 ? new Date(seconds * 1_000) : new Date();
}
