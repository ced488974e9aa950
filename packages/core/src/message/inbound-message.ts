import type { ChatId, Lid, PhoneNumber } from '../identity/jid.js';

/** A person as one stanza names it: by number, by LID, or both. At least one is set. */
export interface Address {
  readonly number: PhoneNumber | null;
  readonly lid: Lid | null;
}

/** Where a message belongs. A person without a known number keeps the LID until the number is learned. */
export type ChatAddress =
  | { readonly kind: 'person'; readonly address: Address }
  | { readonly kind: 'group'; readonly groupId: ChatId };

/** A message as WhatsApp delivered it, free of library types. */
export interface InboundMessage {
  readonly waId: string;
  readonly chat: ChatAddress;
  readonly fromMe: boolean;
  /** The author; for `fromMe` the account itself. */
  readonly sender: Address;
  readonly senderName: string | null;
  readonly at: Date;
  readonly type: MessageType;
  readonly body: string | null;
  readonly quotedWaId: string | null;
  /** Serialised `Message` protobuf: what later features read. */
  readonly content: Uint8Array;
  /** Came from history sync and not as a live stanza. */
  readonly fromHistory: boolean;
  /** Identifies the inbox entry that this message settles. */
  readonly ciphertextHash: Uint8Array | null;
}

export type MessageType =
  | 'chat'
  | 'sticker'
  | 'image'
  | 'video'
  | 'document'
  | 'vcard'
  | 'multi_vcard'
  | 'audio'
  | 'ptt'
  | 'poll_creation'
  | 'location'
  | 'ciphertext'
  | 'unsupported';

export interface HistoryChat {
  readonly chat: ChatAddress;
  readonly name: string | null;
  readonly unreadCount: number | null;
  readonly at: Date | null;
}

/** One chunk of history. Chunks may repeat and overlap; storing them twice changes nothing. */
export interface HistoryBatch {
  readonly chats: readonly HistoryChat[];
  readonly messages: readonly InboundMessage[];
  readonly people: readonly { readonly address: Address; readonly name: string | null }[];
  /** Identifies the inbox entry that storing this chunk settles; the chunk comes again at every login until then. */
  readonly ciphertextHash: Uint8Array | null;
}
