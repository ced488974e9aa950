import { type Clock, DomainError, type SessionStore, type SessionWrite } from '@trunkline/core';

/** Waits between tries of a call that the database refused for now: about 46 s in all. */
const RETRY_DELAYS_MS = [100, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000];

/**
 * The session store with patience. A database that is away for a moment costs nothing, because no receipt has left
 * yet; answering a stanza that could not be stored would lose it. When it stays away, or the lease is lost, the
 * session ends first and the caller learns of it afterwards.
 */
export class SteadyStore {
  readonly #store: SessionStore;
  readonly #clock: Clock;
  readonly #onBroken: (error: Error) => void;
  #broken: Error | null = null;

  constructor(store: SessionStore, clock: Clock, onBroken: (error: Error) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onBroken = onBroken;
  }

  readKeys(kind: string, ids: readonly string[]): Promise<Map<string, Uint8Array>> {
    return this.#patiently(() => this.#store.readKeys(kind, ids));
  }

  readCredentials(): ReturnType<SessionStore['readCredentials']> {
    return this.#patiently(() => this.#store.readCredentials());
  }

  waitingInbox(): ReturnType<SessionStore['waitingInbox']> {
    return this.#patiently(() => this.#store.waitingInbox());
  }

  write(change: SessionWrite): Promise<void> {
    return this.#patiently(() => this.#store.write(change));
  }

  findInbox(hash: Uint8Array): ReturnType<SessionStore['findInbox']> {
    return this.#patiently(() => this.#store.findInbox(hash));
  }

  /** Stops trying: what waits fails now. */
  giveUp(reason: Error): void {
    this.#broken ??= reason;
  }

  async #patiently<T>(call: () => Promise<T>): Promise<T> {
    for (const delayMs of [...RETRY_DELAYS_MS, null]) {
      try {
        if (this.#broken !== null) throw this.#broken;
        return await call();
      } catch (error) {
        if (delayMs === null || this.#broken !== null || error instanceof DomainError) throw this.#break(error);
        await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
      }
    }
    throw new Error('unreachable');
  }

  #break(error: unknown): Error {
    if (this.#broken === null) {
      this.#broken = error instanceof Error ? error : new Error(String(error));
      this.#onBroken(this.#broken);
    }
    return this.#broken;
  }
}
