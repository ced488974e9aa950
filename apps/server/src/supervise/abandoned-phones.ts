import {
  abandonedState,
  type Clock,
  type LeaseStore,
  type Log,
  type Phone,
  type PhoneStore,
  type PublicPhone,
  phoneEvents,
} from '@trunkline/core';
import { DeadNodes } from './dead-nodes.js';

const LOOK_EVERY_MS = 1_000;

/** Keeps the public state true while a phone has no worker: the one writer of phones that nobody owns. */
export class AbandonedPhones {
  readonly #deadNodes: DeadNodes;
  #timer: NodeJS.Timeout | null = null;
  #look: Promise<void> | null = null;

  constructor(
    private readonly deps: {
      readonly phones: PhoneStore;
      readonly leases: LeaseStore;
      readonly present: (phone: Phone) => PublicPhone;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {
    this.#deadNodes = new DeadNodes(deps.leases, deps.clock, deps.log);
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#look;
  }

  /** One look at a time; a call while one runs waits for that one. */
  look(): Promise<void> {
    this.#look ??= this.#lookOnce().finally(() => {
      this.#look = null;
    });
    return this.#look;
  }

  async #lookOnce(): Promise<void> {
    const { phones, present, clock, log } = this.deps;
    try {
      await this.#deadNodes.look();
      const changed = await phones.changeAbandoned((phone) => {
        const state = abandonedState(phone.state, clock.now());
        return state && { change: { state }, events: (before, after) => phoneEvents(present(before), present(after)) };
      });
      if (changed > 0) log.info('phones without a worker', { phones: changed });
    } catch (error) {
      log.debug('could not look for phones without a worker', { err: error });
    }
  }
}
