import type { EventLog, Log, LoggedEvent } from '@trunkline/core';

const BATCH = 200;

/** Reads the event log from now on, once per process, and hands every event over in the order of the log. */
export class EventRelay {
  #position: number | null = null;
  #reading: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #stopWatching: () => void = () => {};

  constructor(private readonly deps: { events: EventLog; log: Log; onEvent: (event: LoggedEvent) => void }) {}

  /** Resolves when every later event will be heard. */
  async start(): Promise<void> {
    this.#position = await this.deps.events.settledPosition();
    this.#stopWatching = this.deps.events.watch(() => this.#wake());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWatching();
    await this.#reading;
  }

  #wake(): void {
    if (this.#stopped) return;
    if (this.#reading !== null) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (this.#again) this.#wake();
    });
  }

  async #read(): Promise<void> {
    const { events, log } = this.deps;
    try {
      while (!this.#stopped) {
        const batch = await events.after(this.#position ?? 0, BATCH);
        for (const event of batch) {
          this.#position = event.position;
          this.#hand(event);
        }
        if (batch.length < BATCH) return;
      }
    } catch (error) {
      // The log wakes us again within a second, and we go on where we were.
      log.warn('could not read the event log', { err: error });
    }
  }

  #hand(event: LoggedEvent): void {
    try {
      this.deps.onEvent(event);
    } catch (error) {
      this.deps.log.error('event could not be relayed', { event_id: event.id, name: event.name, err: error });
    }
  }
}
