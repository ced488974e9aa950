import type { EventEmitter } from 'node:events';
import type { BinaryNode } from 'baileys';
import { asError, type Listener, takeOver } from './sole-listener.js';

const CLASSES = ['message', 'receipt', 'notification', 'call'] as const;

/** Beyond this many unfinished stanzas nothing more is read from the socket until most are done. */
const HIGH_WATER = 5_000;
const LOW_WATER = 1_000;

export interface StanzaLaneInput {
  readonly arrived: (node: BinaryNode) => void;
  readonly finished: (node: BinaryNode) => void;
  readonly failed: (error: Error) => void;
  readonly isOver: () => boolean;
  /** Resolves when the next stanza of the backlog may be handled. */
  readonly room: () => Promise<void>;
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Follows every stanza from its arrival to the end of its handling. The library answers for none of this: it queues
 * what WhatsApp held back for us without a bound, and says that the backlog is over before it has handled it.
 */
export class StanzaLane {
  readonly #input: StanzaLaneInput;
  #backlog: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isPaused = false;

  constructor(client: EventEmitter, input: StanzaLaneInput) {
    this.#input = input;
    for (const name of CLASSES) {
      takeOver(client, `CB:${name}`, (handle) => (node) => this.#accept(handle, node as BinaryNode));
    }
  }

  /** Runs work after the backlog that has arrived so far, and before what arrives later. */
  afterBacklog(work: () => Promise<void> | void): void {
    this.#backlog = this.#backlog.then(work).catch((error: unknown) => this.#input.failed(asError(error)));
  }

  #accept(handle: Listener, node: BinaryNode): void {
    this.#waiting += 1;
    this.#input.arrived(node);
    if (this.#waiting > HIGH_WATER && !this.#isPaused) {
      this.#isPaused = true;
      this.#input.pause();
    }
    const { offline, ...attrs } = node.attrs;
    if (offline === undefined) return void this.#handle(handle, node);
    // Without the mark the library handles the stanza at once, and its promise tells when it is done.
    this.afterBacklog(async () => {
      await this.#handle(handle, { ...node, attrs });
      await this.#input.room();
    });
  }

  async #handle(handle: Listener, node: BinaryNode): Promise<void> {
    try {
      if (!this.#input.isOver()) await handle(node);
    } catch (error) {
      this.#input.failed(asError(error));
    }
    this.#waiting -= 1;
    this.#input.finished(node);
    if (this.#isPaused && this.#waiting < LOW_WATER) {
      this.#isPaused = false;
      this.#input.resume();
    }
  }
}
