import type { Clock } from '../support/clock.js';
import type { Log } from '../support/log.js';
import type { ConnectLimiter } from './connect-limiter.js';
import { type CauseCode, causeRow } from './disconnect-cause.js';
import type { Transition } from './phone-input.js';
import type { PhoneState } from './phone-state.js';

const WINDOW_MS = 60_000;
const PROBE_EVERY_MS = 60_000;
/** Fewer phones than this prove nothing about the others. */
const FEWEST_PHONES = 3;
const SHARE = 0.2;

/** What WhatsApp tells one phone about all of them: the version is too old, or this address knocks too often. */
const SPEAKS_FOR_ALL: readonly CauseCode[] = ['outdated', 'edge_busy'];

export interface FleetBreakerDeps {
  readonly limiter: Pick<ConnectLimiter, 'hold' | 'letOne' | 'release'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Phones that this worker runs. */
  readonly phones: () => number;
  /** Causes that hold the fleet already when a single phone meets them. */
  readonly speaksForAll?: readonly CauseCode[];
}

/**
 * Stops a whole fleet from knocking when it is not this or that phone that fails: holds every opening and lets one
 * phone a minute try, until one gets through.
 */
export class FleetBreaker {
  readonly #deps: FleetBreakerDeps;
  readonly #speaksForAll: readonly CauseCode[];
  #ends: { readonly code: CauseCode; readonly phoneId: string; readonly at: number }[] = [];
  #heldFor: CauseCode | null = null;
  #probed = false;
  #cancelTimer: () => void = () => {};

  constructor(deps: FleetBreakerDeps) {
    this.#deps = deps;
    this.#speaksForAll = deps.speaksForAll ?? SPEAKS_FOR_ALL;
  }

  /** The cause for which every opening is held, or null. */
  get heldFor(): CauseCode | null {
    return this.#heldFor;
  }

  /** Hears every transition of every phone of the worker. */
  hear(phoneId: string, before: PhoneState, done: Transition): void {
    if (gotThrough(before, done.state)) this.#onThrough();
    else if (done.ended !== null && causeRow(done.ended.code).fleet) this.#onEnd(done.ended.code, phoneId);
  }

  stop(): void {
    this.#cancelTimer();
  }

  #onEnd(code: CauseCode, phoneId: string): void {
    if (this.#heldFor !== null) return;
    const now = this.#deps.clock.monotonic();
    this.#ends = this.#ends.filter(({ at }) => at > now - WINDOW_MS);
    this.#ends.push({ code, phoneId, at: now });
    const alike = new Set(this.#ends.filter((end) => end.code === code).map((end) => end.phoneId)).size;
    const many = Math.max(FEWEST_PHONES, this.#deps.phones() * SHARE);
    if (alike >= many) this.#hold(code, alike);
    else if (this.#speaksForAll.includes(code)) this.#ask(code);
  }

  /** One phone met what should meet all: the next one that opens tells whether it does. */
  #ask(code: CauseCode): void {
    this.#hold(code, 1);
    this.#probed = true;
    this.#deps.limiter.letOne();
  }

  #hold(code: CauseCode, phones: number): void {
    this.#heldFor = code;
    this.#probed = false;
    this.#ends = [];
    this.#deps.log.error('the fleet stops connecting', { code, reason: causeRow(code).sentence, phones });
    this.#deps.limiter.hold();
    this.#probeLater(code);
  }

  #probeLater(code: CauseCode): void {
    const { rule } = causeRow(code);
    const ms = Math.max(PROBE_EVERY_MS, rule.do === 'backoff' ? rule.floorMs : 0);
    this.#cancelTimer = this.#deps.clock.after(ms, () => {
      this.#probed = true;
      this.#deps.limiter.letOne();
      this.#probeLater(code);
    });
  }

  /** Before the first probe an opening that gets through only began before the others were held. */
  #onThrough(): void {
    if (this.#heldFor === null || !this.#probed) return;
    this.#deps.log.info('the fleet connects again', { code: this.#heldFor });
    this.#heldFor = null;
    this.#cancelTimer();
    this.#deps.limiter.release();
  }
}

/** WhatsApp let the phone in, or offered it a pairing. */
function gotThrough(before: PhoneState, after: PhoneState): boolean {
  if (after.name === 'pairing') return before.name === 'starting';
  return after.name === 'syncing' && before.name !== 'syncing';
}
