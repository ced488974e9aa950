import type { EngineFact, InboxEntry } from '@trunkline/core';
import type { BinaryNode, WASocket } from 'baileys';
import { within } from '../deadline.js';
import type { Me } from '../message/address.js';
import type { HistorySet } from '../message/translate-history.js';
import type { SessionBase } from '../session-parts.js';
import { LibraryWork } from './library-work.js';
import { MessageInbox } from './message-inbox.js';

/** How long one message for the device that an earlier session left behind may hold up the backlog. */
const REPEAT_MS = 30_000;
/** Messages on their way to the phone at the same time; beyond that the backlog waits. */
const MOST_UNTAKEN = 100;

/** What a session receives for people and for the device, and the pace at which it does. */
export class SessionInbox {
  readonly ledger: MessageInbox;
  readonly #base: SessionBase;
  readonly #work: LibraryWork;
  readonly #leftovers: InboxEntry[] = [];
  #isReplaying = false;
  #untaken = 0;
  #makeRoom: () => void = () => {};

  constructor(base: SessionBase) {
    this.#base = base;
    const { creds, log, store, writer, isOver } = base;
    const me = (): Me | null => (creds.me === undefined ? null : { id: creds.me.id, lid: creds.me.lid ?? null });
    this.ledger = new MessageInbox({
      store,
      writer,
      log,
      me,
      onMessage: (message) => this.#pass({ kind: 'message', message }),
      onLibraryEntry: (entry) => (this.#isReplaying ? this.#leftovers.push(entry) : this.#work.begin(entry)),
    });
    this.#work = new LibraryWork({
      log,
      me,
      settle: (entry) => this.ledger.settle(entry),
      onHistory: (batch) => this.#pass({ kind: 'history', batch }),
      onMessage: (message) => this.#pass({ kind: 'message', message }),
      isOver,
    });
  }

  /** Passes on what an earlier session decrypted and nobody stored. Resolves when it is stored. */
  async replay(entries: readonly InboxEntry[]): Promise<void> {
    this.#isReplaying = true;
    for (const entry of entries) {
      this.ledger.replay([entry]);
      await this.room();
    }
    this.#isReplaying = false;
  }

  /** Lets the library process, one at a time, what an earlier session kept for it. */
  repeats(sock: WASocket): (() => Promise<void>)[] {
    return this.#leftovers.splice(0).map((entry) => async () => {
      const work = this.#work.repeat(entry, (message) => sock.upsertMessage(message, 'append'));
      await within(work, REPEAT_MS, this.#base.settings.clock);
    });
  }

  arrived(node: BinaryNode): void {
    this.ledger.arrived(node);
  }

  finished(node: BinaryNode): void {
    this.#work.finished(node);
  }

  history(set: HistorySet): void {
    this.#work.history(set);
  }

  passedOn(messages: Parameters<LibraryWork['passedOn']>[0]): void {
    this.#work.passedOn(messages);
  }

  /** Resolves when few enough messages are on their way to the phone. */
  async room(): Promise<void> {
    while (this.#untaken >= MOST_UNTAKEN && !this.#base.isOver()) {
      await new Promise<void>((resolve) => {
        this.#makeRoom = resolve;
      });
    }
  }

  #pass(fact: EngineFact): void {
    this.#untaken += 1;
    void this.#base.emit(fact).then(() => {
      this.#untaken -= 1;
      this.#makeRoom();
    });
  }
}
