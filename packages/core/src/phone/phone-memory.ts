import type { Clock } from '../support/clock.js';
import { ClockJump } from '../support/clock-jump.js';
import type { Ended, Facts, Transition } from './phone-input.js';
import { type PhoneState, shiftState } from './phone-state.js';
import type { OwnedPhoneStore } from './phone-store.js';
import { MEMORY_MS } from './repeated-ending.js';

/** What a session knows of its phone between two transitions. */
export class PhoneMemory {
  readonly #clock: Clock;
  readonly #jump: ClockJump;
  #state: PhoneState = { name: 'off', cause: 'created', since: 0 };
  #recent: readonly Ended[] = [];
  /** Credentials of a confirmed link are stored. */
  linked = false;
  primarySeenAt: number | null = null;
  /** Hidden from its organisation: nothing is announced any more. */
  deleted = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#jump = new ClockJump(clock);
  }

  get state(): PhoneState {
    return this.#state;
  }

  /** Begins with what is stored. The last ending of the owner before us is in the state, if it still matters. */
  recall({ phone, linked, deleted }: Awaited<ReturnType<OwnedPhoneStore['read']>>): void {
    const { state } = phone;
    this.#state = state;
    this.linked = linked;
    this.deleted = deleted;
    this.primarySeenAt = phone.primaryLastSeen?.getTime() ?? null;
    const isEnding = state.name === 'reconnecting' || state.name === 'halted';
    this.#recent = isEnding ? [{ code: state.cause, at: state.since }] : [];
  }

  facts(random: number, openSince: number | null): Facts {
    this.keepTime();
    const now = this.#clock.now();
    this.#recent = this.#recent.filter(({ at }) => at > now - MEMORY_MS);
    const { linked, primarySeenAt } = this;
    return { now, random, linked, recent: this.#recent, openSince, primarySeenAt };
  }

  /** When the wall clock was set, every moment that we wait for moves with it. */
  keepTime(): void {
    const jumpedMs = this.#jump.take();
    if (jumpedMs === 0) return;
    this.#state = shiftState(this.#state, jumpedMs);
    this.#recent = this.#recent.map(({ code, at }) => ({ code, at: at + jumpedMs }));
  }

  /** A transition is stored. */
  learn({ state, ended, identity, credentials }: Transition): void {
    this.#state = state;
    if (ended !== null) this.#recent = [...this.#recent, ended];
    if (identity !== null) this.linked = true;
    if (credentials !== null) this.linked = false;
  }
}
