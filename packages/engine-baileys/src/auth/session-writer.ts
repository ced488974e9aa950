import type { Clock, InboxEntry, KeyRow } from '@trunkline/core';
import type { SteadyStore } from './steady-store.js';

export interface Change {
  /** The credentials changed; they are serialised when the write leaves, so that many changes cost one. */
  readonly credentials?: true;
  readonly keys?: readonly KeyRow[];
  readonly inbox?: InboxEntry;
  readonly settled?: readonly Uint8Array[];
}

interface Batch {
  credentials: boolean;
  readonly keys: Map<string, KeyRow>;
  inbox: InboxEntry | null;
  readonly settled: Uint8Array[];
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** How long changed credentials wait for company. */
const TOUCH_MS = 250;

/**
 * The only writer of one phone's credentials and keys. One write is on its way at a time and what comes meanwhile is
 * joined, so that the order holds and a burst costs one commit. A write that cannot be made ends the session.
 */
export class SessionWriter {
  readonly #store: SteadyStore;
  readonly #encodeCredentials: () => Uint8Array;
  readonly #clock: Clock;
  readonly #queue: Batch[] = [];
  #lastCredentials: Uint8Array | null = null;
  #running = false;
  #inFlight: Batch | null = null;
  /** Stops the wait for company of changed credentials; null while none wait. */
  #cancelTouch: (() => void) | null = null;
  #held: boolean;
  #broken: Error | null = null;

  constructor(input: {
    store: SteadyStore;
    encodeCredentials: () => Uint8Array;
    clock: Clock;
    /** Credentials of a pairing that nobody confirmed yet are disposable: nothing is written before `release`. */
    held: boolean;
  }) {
    this.#store = input.store;
    this.#encodeCredentials = input.encodeCredentials;
    this.#clock = input.clock;
    this.#held = input.held;
  }

  /** Resolves when the change is durable. */
  write(change: Change): Promise<void> {
    if (this.#broken !== null) return refused(this.#broken);
    const batch = this.#batchFor(change);
    // What is durable together with a key (the id of the next prekey, for example) must not lag behind it.
    if (change.credentials || this.#cancelTouch !== null) batch.credentials = true;
    this.#untouch();
    for (const row of change.keys ?? []) batch.keys.set(rowId(row.kind, row.keyId), row);
    if (change.inbox !== undefined) batch.inbox = change.inbox;
    batch.settled.push(...(change.settled ?? []));
    this.#start();
    return batch.done;
  }

  /**
   * The credentials changed and nothing waits for it: they go with the next write, or alone in a moment. A login
   * changes them several times, mostly to what they were.
   */
  touchCredentials(): void {
    if (this.#broken !== null || this.#cancelTouch !== null) return;
    this.#cancelTouch = this.#clock.after(TOUCH_MS, () => void this.write({ credentials: true }));
  }

  /** Keeps credentials that arrived with the answer of the store, so that an unchanged copy is not written again. */
  rememberCredentials(bytes: Uint8Array): void {
    this.#lastCredentials = bytes;
  }

  /** Lets held changes through. */
  release(): void {
    this.#held = false;
    this.#start();
  }

  /** The value of a row that is not durable yet, or undefined when no write of it is under way. */
  pending(kind: string, keyId: string): Uint8Array | null | undefined {
    const id = rowId(kind, keyId);
    for (let index = this.#queue.length - 1; index >= 0; index -= 1) {
      const row = this.#queue[index]?.keys.get(id);
      if (row !== undefined) return row.value;
    }
    return undefined;
  }

  /** Resolves when everything asked so far is durable or lost. */
  async drained(): Promise<void> {
    if (this.#held) return;
    if (this.#cancelTouch !== null) void this.write({ credentials: true });
    await Promise.allSettled(this.#queue.map((batch) => batch.done));
  }

  /** Gives up what was not written. */
  abandon(reason: Error): void {
    this.#broken ??= reason;
    this.#untouch();
    for (const batch of this.#queue.splice(0)) batch.reject(this.#broken);
  }

  #untouch(): void {
    this.#cancelTouch?.();
    this.#cancelTouch = null;
  }

  #batchFor(change: Change): Batch {
    const last = this.#queue.at(-1);
    const isOpen = last !== undefined && last !== this.#inFlight;
    // One commit carries one inbox entry at most.
    if (isOpen && (last.inbox === null || change.inbox === undefined)) return last;
    const batch = newBatch();
    this.#queue.push(batch);
    return batch;
  }

  #start(): void {
    if (this.#running || this.#held || this.#queue.length === 0) return;
    this.#running = true;
    // Deferred by a microtask: changes of one synchronous burst share the first write.
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    for (let batch = this.#queue[0]; batch !== undefined && this.#broken === null; batch = this.#queue[0]) {
      this.#inFlight = batch;
      try {
        await this.#commit(batch);
        batch.resolve();
        if (this.#queue[0] === batch) this.#queue.shift();
      } catch (error) {
        this.abandon(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#inFlight = null;
    this.#running = false;
  }

  async #commit(batch: Batch): Promise<void> {
    const credentials = batch.credentials ? this.#changedCredentials() : null;
    if (credentials === null && batch.keys.size === 0 && batch.inbox === null && batch.settled.length === 0) return;
    await this.#store.write({
      ...(credentials === null ? {} : { credentials }),
      ...(batch.keys.size === 0 ? {} : { keys: [...batch.keys.values()] }),
      ...(batch.inbox === null ? {} : { inbox: batch.inbox }),
      ...(batch.settled.length === 0 ? {} : { settled: batch.settled }),
    });
    if (credentials !== null) this.#lastCredentials = credentials;
  }

  #changedCredentials(): Uint8Array | null {
    const bytes = this.#encodeCredentials();
    return this.#lastCredentials !== null && Buffer.from(bytes).equals(this.#lastCredentials) ? null : bytes;
  }
}

/** A failure that nobody has to look at: the session has ended and knows why. */
function refused(reason: Error): Promise<never> {
  const failure = Promise.reject(reason);
  failure.catch(() => {});
  return failure;
}

function newBatch(): Batch {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const done = new Promise<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  // Whoever waits for the write sees the failure; of one that nobody waits for, the store tells the session.
  done.catch(() => {});
  return { credentials: false, keys: new Map(), inbox: null, settled: [], done, resolve, reject };
}

function rowId(kind: string, keyId: string): string {
  return `${kind}\u0000${keyId}`;
}
