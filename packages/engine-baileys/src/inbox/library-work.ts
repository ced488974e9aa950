import type { HistoryBatch, InboundMessage, InboxEntry, Log } from '@trunkline/core';
import {
  type BinaryNode,
  cleanMessage,
  decodeMessageNode,
  PROCESSABLE_HISTORY_TYPES,
  proto,
  type WAMessage,
} from 'baileys';
import type { Me } from '../message/address.js';
import { type HistorySet, translateHistory, translatePassedOn } from '../message/translate-history.js';

export interface LibraryWorkInput {
  readonly log: Log;
  readonly me: () => Me | null;
  readonly settle: (entry: InboxEntry) => void;
  readonly onHistory: (batch: HistoryBatch) => void;
  readonly onMessage: (message: InboundMessage) => void;
  readonly isOver: () => boolean;
}

/**
 * Messages that speak to the device: history, keys for app state, LID mappings, messages that the handset passes on.
 * The library processes them one at a time; here each is tied to its inbox entry, so that a crash repeats it and
 * success ends it.
 */
export class LibraryWork {
  readonly #input: LibraryWorkInput;
  /** The entry that the library processes now. */
  #current: InboxEntry | null = null;
  /** Storing what came of the entry settles it. */
  #isClaimed = false;

  constructor(input: LibraryWorkInput) {
    this.#input = input;
  }

  /** The library will process this entry next, as part of the stanza that brought it. */
  begin(entry: InboxEntry): void {
    this.#current = entry;
    this.#isClaimed = false;
  }

  /** The handling of a stanza has ended. */
  finished(node: BinaryNode): void {
    const entry = this.#current;
    if (entry === null || entry.stanza.id !== node.attrs.id) return;
    this.#current = null;
    // History that did not come (its download failed) is tried again at the next login.
    if (!this.#isClaimed && !this.#input.isOver() && !isHistory(entry)) this.#input.settle(entry);
  }

  /** Lets the library process an entry that an earlier session left behind. */
  async repeat(entry: InboxEntry, process: (message: WAMessage) => Promise<void>): Promise<void> {
    const me = this.#input.me();
    if (me === null || this.#input.isOver()) return;
    this.begin(entry);
    try {
      await process(messageOf(entry, me));
    } catch (error) {
      this.#input.log.warn('a message for the device could not be processed', {
        waId: entry.stanza.id,
        error: error instanceof Error ? error.name : 'unknown',
      });
    }
    if (this.#current === entry) this.#current = null;
    if (this.#isClaimed || this.#input.isOver()) return;
    // In vain, and not for the first time: the chunk is gone from WhatsApp's servers, and trying at every login would never end.
    this.#input.settle(entry);
  }

  history(set: HistorySet): void {
    const me = this.#input.me();
    if (me === null) return;
    this.#input.onHistory(translateHistory(set, me, this.#claim()));
  }

  /** Messages that our handset passed on because we could not read them. */
  passedOn(messages: readonly WAMessage[]): void {
    const me = this.#input.me();
    if (me === null) return;
    const hash = this.#claim();
    const translated = messages.map((message) => translatePassedOn(message, me, hash)).filter((one) => one !== null);
    for (const message of translated) this.#input.onMessage(message);
  }

  #claim(): Uint8Array | null {
    this.#isClaimed = true;
    return this.#current?.ciphertextHash ?? null;
  }
}

function isHistory(entry: InboxEntry): boolean {
  const type = contentOf(entry).protocolMessage?.historySyncNotification?.syncType;
  return PROCESSABLE_HISTORY_TYPES.some((processable) => Number(processable) === type);
}

function contentOf(entry: InboxEntry): proto.IMessage {
  const decoded = proto.Message.decode(entry.plaintext);
  return decoded.deviceSentMessage?.message ?? decoded;
}

/** The message as the library would have made it from the live stanza. */
function messageOf(entry: InboxEntry, me: Me): WAMessage {
  const { fullMessage } = decodeMessageNode({ tag: 'message', attrs: { ...entry.stanza } }, me.id, me.lid ?? '');
  fullMessage.message = contentOf(entry);
  cleanMessage(fullMessage, me.id, me.lid ?? '');
  return fullMessage;
}
