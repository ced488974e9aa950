import type { EventLog, Log, LoggedEvent } from '@trunkline/core';

const READ_AT_ONCE = 500;

/** Follows the event log from now on and hands every event over once, in order. */
export class EventRelay {
  readonly #events: EventLog;
  readonly #take: (event: LoggedEvent) => void;
  readonly #log: Log;
  #position = 0;
  #reading: Promise<void> | null = null;
  #again = false;
  #stopWatching: () => void = () => {};
  #stopped = false;

  constructor(options: { events: EventLog; log: Log; take: (event: LoggedEvent) => void }) {
    this.#events = options.events;
    this.#take = options.take;
    this.#log = options.log;
  }

  async start(): Promise<void> {
    this.#position = await this.#events.settledPosition();
    this.#stopWatching = this.#events.watch(() => this.#wake());
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
    this.#reading = this.#read()
      .catch((error) => this.#log.warn('events could not be read, trying again at the next wake', { err: error }))
      .finally(() => {
        this.#reading = null;
        if (this.#again) {
          this.#again = false;
          this.#wake();
        }
      });
  }

  async #read(): Promise<void> {
    for (;;) {
      const events = await this.#events.after(this.#position, READ_AT_ONCE);
      for (const event of events) {
        this.#position = event.position;
        this.#take(event);
      }
      if (events.length < READ_AT_ONCE || this.#stopped) return;
    }
  }
}
