import type { EngineClose } from '../engine/engine-close.js';
import type { EngineFact, EngineSession, LinkedIdentity, PairingVerdict } from '../engine/engine-port.js';
import type { Lease } from '../lease/lease.js';
import { endsWithin } from '../support/deadline.js';
import type { SessionDeps } from './phone-session-deps.js';

/** An engine promises to close within 2 s; one that breaks the promise does not hold up the phone. */
const CLOSE_LIMIT_MS = 5_000;

export interface SlotHooks {
  /** `isCurrent` tells, whenever asked, whether the session that told the fact is still the present one. */
  readonly onFact: (fact: EngineFact, isCurrent: () => boolean) => Promise<void>;
  readonly judge: (identity: LinkedIdentity, isCurrent: () => boolean) => Promise<PairingVerdict>;
  /** The turn of the phone has come. */
  readonly onBegun: () => void;
}

/** One try to open: it waits for its turn, runs, and is over as soon as another one takes the slot. */
interface Turn {
  isHeard: boolean;
  hasAnswered: boolean;
  leaveLimiter: () => void;
}

/** The one place of a phone for an engine session: opens one at a time, and drops what an earlier one still says. */
export class EngineSlot {
  readonly #lease: Lease;
  readonly #deps: SessionDeps;
  readonly #hooks: SlotHooks;
  #turn: Turn | null = null;
  #session: EngineSession | null = null;
  #beganAt: number | null = null;
  #closing: Promise<void> = Promise.resolve();
  #isShut = false;

  constructor(lease: Lease, deps: SessionDeps, hooks: SlotHooks) {
    this.#lease = lease;
    this.#deps = deps;
    this.#hooks = hooks;
  }

  get session(): EngineSession | null {
    return this.#session;
  }

  /** Wall time at which the present session began to open; null while there is none. */
  get openSince(): number | null {
    const { clock } = this.#deps;
    return this.#beganAt === null ? null : clock.now() - (clock.monotonic() - this.#beganAt);
  }

  /** Opens when the former session is gone and the limiter says so. */
  async open(purpose: 'pair' | 'login'): Promise<void> {
    await this.close();
    if (this.#isShut) return;
    const turn: Turn = { isHeard: true, hasAnswered: false, leaveLimiter: () => {} };
    this.#turn = turn;
    turn.leaveLimiter = this.#deps.limiter.enter(() => this.#begin(turn, purpose), purpose === 'pair');
    // An engine may end before it is entered in our books.
    if (turn.hasAnswered) turn.leaveLimiter();
  }

  /** Takes the session out at once; resolves when its socket is gone. */
  close(): Promise<void> {
    const session = this.#session;
    if (this.#turn !== null) {
      this.#turn.isHeard = false;
      this.#turn.leaveLimiter();
    }
    this.#turn = null;
    this.#session = null;
    this.#beganAt = null;
    if (session !== null) this.#closing = Promise.all([this.#closing, this.#closeSession(session)]).then(() => {});
    return this.#closing;
  }

  /** Closes for good. */
  shut(): Promise<void> {
    this.#isShut = true;
    return this.close();
  }

  /** Ends the present session for a reason of ours, as if it had ended by itself. */
  giveUp(close: EngineClose): void {
    const turn = this.#turn;
    const session = this.#session;
    if (turn === null || session === null) return;
    void this.#hear(turn, { kind: 'closed', close });
    turn.isHeard = false;
    this.#closing = Promise.all([this.#closing, this.#closeSession(session)]).then(() => {});
  }

  #begin(turn: Turn, purpose: 'pair' | 'login'): void {
    const { engine, store, clock, crash, mayWrite } = this.#deps;
    crash('before-open');
    this.#beganAt = clock.monotonic();
    try {
      this.#session = engine.open({
        lease: this.#lease,
        store: store.sessionStore(this.#lease),
        purpose,
        mayWrite: () => !this.#isShut && mayWrite(),
        judgePairing: (identity) => this.#hooks.judge(identity, () => turn === this.#turn),
        onFact: (fact) => this.#hear(turn, fact),
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      void this.#hear(turn, { kind: 'closed', close: { source: 'engine-fault', message } });
    }
    this.#hooks.onBegun();
  }

  #hear(turn: Turn, fact: EngineFact): Promise<void> {
    if (!turn.isHeard) return Promise.resolve();
    if (fact.kind === 'qr-offered' || fact.kind === 'opened' || fact.kind === 'closed') {
      turn.hasAnswered = true;
      turn.leaveLimiter();
    }
    if (fact.kind === 'closed') this.#session = null;
    return this.#hooks.onFact(fact, () => turn === this.#turn);
  }

  async #closeSession(session: EngineSession): Promise<void> {
    const { clock, log } = this.#deps;
    if (await endsWithin(session.close(), CLOSE_LIMIT_MS, clock)) return;
    log.error('an engine session did not close', { phone_id: this.#lease.phoneId });
  }
}
