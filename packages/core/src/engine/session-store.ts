/** One row of key material. `value` null deletes the row. Values are clear bytes here and ciphertext in the store. */
export interface KeyRow {
  readonly kind: string;
  readonly keyId: string;
  readonly value: Uint8Array | null;
}

/** A decrypted stanza, kept from the commit of its ratchet step until the message is stored. */
export interface InboxEntry {
  /** SHA-256 of the ciphertext as it came; the same ciphertext is never decrypted twice. */
  readonly ciphertextHash: Uint8Array;
  /** Attributes of the stanza that translation needs, JSON. */
  readonly stanza: Readonly<Record<string, string>>;
  /** Serialised `Message` protobuf without padding. */
  readonly plaintext: Uint8Array;
}

export interface SessionWrite {
  readonly credentials?: Uint8Array;
  readonly keys?: readonly KeyRow[];
  readonly inbox?: InboxEntry;
  /**
   * Hashes of inbox entries that are done without a message, for example a share of app-state keys: they wait no longer.
   * `findInbox` still finds them for a while, because WhatsApp may deliver the same stanza again.
   */
  readonly settled?: readonly Uint8Array[];
}

/**
 * Credentials and Signal keys of one phone, bound to one lease. Every write is one statement that reads the lease
 * row `FOR SHARE`: it commits whole or throws `LeaseLost`. Only ciphertext reaches the database.
 */
export interface SessionStore {
  readCredentials(): Promise<Uint8Array | null>;
  readKeys(kind: string, keyIds: readonly string[]): Promise<Map<string, Uint8Array>>;
  /** Key ids of one kind, for counting and for deletion of a whole session. */
  listKeys(kind: string, prefix?: string): Promise<string[]>;
  write(change: SessionWrite): Promise<void>;
  findInbox(ciphertextHash: Uint8Array): Promise<InboxEntry | null>;
  /** Entries whose message has not been stored yet, oldest first: what a crash left behind. */
  waitingInbox(): Promise<InboxEntry[]>;
  /** Content of a message that we sent, for a peer that asks again; null when unknown or older than 7 days. */
  sentContent(chatJid: string, waId: string): Promise<Uint8Array | null>;
  /** Keeps content before it goes on the wire. */
  keepSentContent(chatJid: string, waId: string, content: Uint8Array): Promise<void>;
}
