/** Message contents: building what people write, and reading what arrives. */
import { proto } from 'baileys/WAProto/index.js';
import type { LoggedMedia, LoggedMessage } from './chat-log.js';

export interface Draft {
  text: string;
  replyTo?: { message: LoggedMessage; authorJid: string };
  mentions?: string[];
}

/** The message a person writes. */
export function buildText(draft: Draft): proto.IMessage {
  const { text, replyTo, mentions = [] } = draft;
  if (replyTo === undefined && mentions.length === 0) return { conversation: text };
  return {
    extendedTextMessage: {
      text,
      contextInfo: {
        mentionedJid: mentions,
        ...(replyTo === undefined
          ? {}
          : {
              stanzaId: replyTo.message.id,
              participant: replyTo.authorJid,
              quotedMessage: proto.Message.decode(replyTo.message.content),
            }),
      },
    },
  };
}

const ProtocolType = proto.Message.ProtocolMessage.Type;

function keyOf(chatJid: string, message: LoggedMessage): proto.IMessageKey {
  return { remoteJid: chatJid, fromMe: message.fromMe, id: message.id };
}

/** A reaction to a message; an empty emoji takes it back. */
export function buildReaction(chatJid: string, message: LoggedMessage, emoji: string): proto.IMessage {
  return { reactionMessage: { key: keyOf(chatJid, message), text: emoji, senderTimestampMs: Date.now() } };
}

/** A new text for an own message. */
export function buildEdit(chatJid: string, message: LoggedMessage, text: string): proto.IMessage {
  return {
    protocolMessage: {
      key: keyOf(chatJid, message),
      type: ProtocolType.MESSAGE_EDIT,
      editedMessage: { conversation: text },
      timestampMs: Date.now(),
    },
  };
}

/** The withdrawal of an own message. */
export function buildDeletion(chatJid: string, message: LoggedMessage): proto.IMessage {
  return { protocolMessage: { key: keyOf(chatJid, message), type: ProtocolType.REVOKE } };
}

/** What the log shows of a message. */
export interface ContentView {
  type: string;
  text?: string;
  media?: LoggedMedia;
  replyTo?: string;
}

const MEDIA_KINDS = ['image', 'video', 'audio', 'document', 'sticker'] as const;

/** Unwraps containers that only say how long or how often a message may be seen. */
export function unwrap(message: proto.IMessage): proto.IMessage {
  const inner =
    message.ephemeralMessage?.message ??
    message.viewOnceMessage?.message ??
    message.viewOnceMessageV2?.message ??
    message.documentWithCaptionMessage?.message ??
    message.editedMessage?.message;
  return inner ? unwrap(inner) : message;
}

/** Reads what a person would see. */
export function viewContent(message: proto.IMessage): ContentView {
  const plain = unwrap(message);
  if (typeof plain.conversation === 'string' && plain.conversation !== '') {
    return { type: 'text', text: plain.conversation };
  }
  if (plain.extendedTextMessage) {
    return withReply({ type: 'text', text: plain.extendedTextMessage.text ?? '' }, plain.extendedTextMessage);
  }
  for (const kind of MEDIA_KINDS) {
    const media = plain[`${kind}Message`];
    if (media) return viewMedia(kind, media);
  }
  return { type: nameOf(plain) };
}

interface MediaContent {
  mimetype?: string | null;
  fileSha256?: Uint8Array | null;
  fileLength?: unknown;
  caption?: string | null;
  contextInfo?: proto.IContextInfo | null;
}

function viewMedia(type: string, media: MediaContent): ContentView {
  const view: ContentView = {
    type,
    media: {
      mimetype: media.mimetype ?? 'application/octet-stream',
      sha256: Buffer.from(media.fileSha256 ?? []).toString('hex'),
      size: Number(media.fileLength ?? 0),
    },
  };
  if (media.caption) view.text = media.caption;
  return withReply(view, media);
}

function withReply(view: ContentView, content: { contextInfo?: proto.IContextInfo | null }): ContentView {
  const replyTo = content.contextInfo?.stanzaId;
  return replyTo ? { ...view, replyTo } : view;
}

/** The name of whatever else a message is, without the word all field names end in. */
function nameOf(message: proto.IMessage): string {
  for (const [field, value] of Object.entries(message)) {
    if (value && field !== 'messageContextInfo' && field !== 'senderKeyDistributionMessage') {
      return field.replace(/(Message)?(V\d)?$/, '');
    }
  }
  return 'empty';
}

/** The type attribute a stanza carries for a content. */
export function stanzaType(message: proto.IMessage): string {
  const plain = unwrap(message);
  if (plain.reactionMessage || plain.encReactionMessage) return 'reaction';
  if (plain.pollCreationMessage || plain.pollCreationMessageV3 || plain.pollUpdateMessage) return 'poll';
  return MEDIA_KINDS.some((kind) => plain[`${kind}Message`]) ? 'media' : 'text';
}
