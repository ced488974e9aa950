import { createHash } from 'node:crypto';
import type { InboundMessage, InboxEntry, Log } from '@trunkline/core';
import type { BinaryNode } from 'baileys';
import type { SessionWriter } from '../auth/session-writer.js';
import type { SteadyStore } from '../auth/steady-store.js';
import { mask } from '../library-log.js';
import type { Me } from '../message/address.js';
import { placeholderOf, type Translation, translateStanza } from '../message/translate-stanza.js';
import type { DecryptionLedger } from '../signal/decryption-ledger.js';
import type { SignalFailure } from '../signal/signal-failure.js';

/** Entries of one session that are remembered as passed on; one that was forgotten is passed on again and known. */
const REMEMBERED = 500;

type Attrs = Readonly<Record<string, string>>;

export interface MessageInboxInput {
  readonly store: SteadyStore;
  readonly writer: SessionWriter;
  readonly log: Log;
  readonly me: () => Me | null;
  readonly onMessage: (message: InboundMessage) => void;
  /** An entry is durable that the library has to process; it is settled when that is done. */
  readonly onLibraryEntry: (entry: InboxEntry) => void;
}

/**
 * Write-ahead inbox: what was decrypted is durable before a receipt leaves, and every message reaches the phone from
 * here, whether its stanza has just come or a crash left it behind.
 */
export class MessageInbox implements DecryptionLedger {
  readonly #input: MessageInboxInput;
  /** Attributes of the stanza around each ciphertext of this connection. */
  readonly #stanzas = new WeakMap<Uint8Array, Attrs>();
  readonly #translations = new WeakMap<InboxEntry, Translation>();
  /** Entries that this session passed on. */
  readonly #passed = new Set<string>();

  constructor(input: MessageInboxInput) {
    this.#input = input;
  }

  /** Remembers a message stanza before the library decrypts it. */
  arrived(node: BinaryNode): void {
    const children = Array.isArray(node.content) ? node.content : [];
    const readable = children.filter(({ tag }) => tag === 'enc' || tag === 'plaintext');
    for (const { content } of readable) {
      if (content instanceof Uint8Array) this.#stanzas.set(content, node.attrs);
    }
    // WhatsApp tells of a message that it could not hand to this device; the handset may send it later.
    if (readable.length === 0) this.#place(node.attrs);
  }

  authorOf(ciphertext: Uint8Array): string | null {
    const attrs = this.#stanzas.get(ciphertext);
    return attrs?.participant ?? attrs?.from ?? null;
  }

  entryOf(ciphertext: Uint8Array, plaintext: Uint8Array): InboxEntry | null {
    const attrs = this.#stanzas.get(ciphertext);
    if (attrs === undefined) return null;
    const entry = { ciphertextHash: hashOf(ciphertext), stanza: { ...attrs }, plaintext };
    const translation = this.#translate(entry);
    this.#translations.set(entry, translation);
    return translation.kind === 'nothing' ? null : entry;
  }

  stored(_ciphertext: Uint8Array, entry: InboxEntry): void {
    this.#pass(entry, this.#translations.get(entry) ?? this.#translate(entry));
  }

  /**
   * Also passes the entry on unless this session did so already: a write of an earlier session that hung may commit
   * only now, after what was waiting had been read. A message that is stored already is known there.
   */
  async recall(ciphertext: Uint8Array): Promise<Uint8Array | null> {
    const entry = await this.#input.store.findInbox(hashOf(ciphertext));
    if (entry === null) return null;
    if (!this.#passed.has(nameOf(entry))) this.#pass(entry, this.#translate(entry));
    return entry.plaintext;
  }

  failed(ciphertext: Uint8Array, failure: SignalFailure): void {
    const attrs = this.#stanzas.get(ciphertext);
    // A duplicate was read before: its message exists.
    if (attrs === undefined || failure.code === 'duplicate') return;
    this.#input.log.warn('a message could not be decrypted', { waId: attrs.id, failure: failure.code });
    this.#place(attrs);
  }

  /** Passes on what an earlier session decrypted and nobody stored, in the order it came. */
  replay(entries: readonly InboxEntry[]): void {
    for (const entry of entries) this.#pass(entry, this.#translate(entry));
  }

  /** The entry is done without a message. */
  settle(entry: InboxEntry): void {
    void this.#input.writer.write({ settled: [entry.ciphertextHash] });
  }

  #translate(entry: InboxEntry): Translation {
    const me = this.#input.me();
    if (me === null) return { kind: 'nothing' };
    try {
      return translateStanza(entry.stanza, entry.plaintext, me, entry.ciphertextHash);
    } catch (error) {
      const reason = error instanceof Error ? mask(error.message) : 'unknown';
      this.#input.log.warn('a decrypted message could not be read', { waId: entry.stanza.id, reason });
      return { kind: 'nothing' };
    }
  }

  #pass(entry: InboxEntry, translation: Translation): void {
    this.#remember(nameOf(entry));
    if (translation.kind === 'message') this.#input.onMessage(translation.message);
    else if (translation.kind === 'library') this.#input.onLibraryEntry(entry);
    else this.settle(entry);
  }

  #remember(name: string): void {
    this.#passed.add(name);
    if (this.#passed.size <= REMEMBERED) return;
    for (const oldest of this.#passed) {
      this.#passed.delete(oldest);
      break;
    }
  }

  #place(attrs: Attrs): void {
    const me = this.#input.me();
    const message = me === null ? null : placeholderOf(attrs, me);
    if (message !== null) this.#input.onMessage(message);
  }
}

function nameOf(entry: InboxEntry): string {
  return Buffer.from(entry.ciphertextHash).toString('base64');
}

export function hashOf(ciphertext: Uint8Array): Uint8Array {
  return createHash('sha256').update(ciphertext).digest();
}
