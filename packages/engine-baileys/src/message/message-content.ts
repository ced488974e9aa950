import type { MessageType } from '@trunkline/core';
import { getContentType, normalizeMessageContent, type proto } from 'baileys';

export interface ContentFacts {
  readonly type: MessageType;
  readonly body: string | null;
  readonly quotedWaId: string | null;
}

type Message = proto.IMessage;
type Reader = (message: Message) => { type: MessageType; body?: string | null | undefined };

const READERS: { readonly [K in keyof Message]?: Reader } = {
  conversation: ({ conversation }) => ({ type: 'chat', body: conversation }),
  extendedTextMessage: ({ extendedTextMessage }) => ({ type: 'chat', body: extendedTextMessage?.text }),
  buttonsResponseMessage: ({ buttonsResponseMessage }) => ({
    type: 'chat',
    body: buttonsResponseMessage?.selectedDisplayText,
  }),
  templateButtonReplyMessage: ({ templateButtonReplyMessage }) => ({
    type: 'chat',
    body: templateButtonReplyMessage?.selectedDisplayText,
  }),
  listResponseMessage: ({ listResponseMessage }) => ({ type: 'chat', body: listResponseMessage?.title }),
  imageMessage: ({ imageMessage }) => ({ type: 'image', body: imageMessage?.caption }),
  videoMessage: ({ videoMessage }) => ({ type: 'video', body: videoMessage?.caption }),
  ptvMessage: () => ({ type: 'video' }),
  audioMessage: ({ audioMessage }) => ({ type: audioMessage?.ptt ? 'ptt' : 'audio' }),
  documentMessage: ({ documentMessage }) => ({ type: 'document', body: documentMessage?.caption }),
  stickerMessage: () => ({ type: 'sticker' }),
  contactMessage: ({ contactMessage }) => ({ type: 'vcard', body: contactMessage?.vcard }),
  contactsArrayMessage: ({ contactsArrayMessage }) => ({
    type: 'multi_vcard',
    body: contactsArrayMessage?.displayName,
  }),
  locationMessage: ({ locationMessage }) => ({ type: 'location', body: locationMessage?.name }),
  liveLocationMessage: ({ liveLocationMessage }) => ({ type: 'location', body: liveLocationMessage?.caption }),
  pollCreationMessage: ({ pollCreationMessage }) => ({ type: 'poll_creation', body: pollCreationMessage?.name }),
  pollCreationMessageV2: ({ pollCreationMessageV2 }) => ({ type: 'poll_creation', body: pollCreationMessageV2?.name }),
  pollCreationMessageV3: ({ pollCreationMessageV3 }) => ({ type: 'poll_creation', body: pollCreationMessageV3?.name }),
};

/** What a message is, in our words; `null` when it carries nothing for people. */
export function contentFacts(message: Message): ContentFacts | null {
  const content = normalizeMessageContent(message);
  const kind = content === undefined ? undefined : getContentType(content);
  if (content === undefined || kind === undefined) return null;
  const read = READERS[kind];
  const { type, body } = read === undefined ? { type: 'unsupported' as const, body: null } : read(content);
  return { type, body: body || null, quotedWaId: quotedIn(content[kind]) };
}

function quotedIn(part: unknown): string | null {
  const context: unknown = typeof part === 'object' && part !== null ? Reflect.get(part, 'contextInfo') : null;
  const stanzaId: unknown = typeof context === 'object' && context !== null ? Reflect.get(context, 'stanzaId') : null;
  return typeof stanzaId === 'string' && stanzaId !== '' ? stanzaId : null;
}
