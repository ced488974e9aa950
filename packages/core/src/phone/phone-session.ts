import type { EngineFact, EngineSession, LinkedIdentity, PairingVerdict } from '../engine/engine-port.js';
import type { PhoneNumber } from '../identity/jid.js';
import type { Lease } from '../lease/lease.js';
import { Conflict, LeaseLost } from '../support/errors.js';
import { Mailbox } from '../support/mailbox.js';
import { judgePairing } from './judge-pairing.js';
import type { Phone, PhoneCommand } from './phone.js';
import { diaryLine, identityChange, profileChange, stateChange } from './phone-change.js';
import { phoneEvents } from './phone-events.js';
import type { Effect, Ended, PhoneInput, Transition } from './phone-input.js';
import type { SessionDeps } from './phone-session-deps.js';
import { needsOwner, type PhoneState } from './phone-state.js';
import type { PhoneDecision } from './phone-store.js';
import { transition, wakeAt } from './phone-transition.js';

const HOUR_MS = 60 * 60_000;

/**
 * Owns one phone on this node while the lease lasts, and alone changes its state: input → pure transition → state, events
 * and credentials saved in one fenced commit → effects. One mailbox, so nothing here runs twice at once.
 */
export class PhoneSession {
  readonly #mailbox: Mailbox;
  #state: PhoneState = { name: 'off', cause: 'created', since: 0 };
  #linked = false;
  #deleted = false;
  #recent: Ended[] = [];
  #engine: EngineSession | null = null;
  /** Counts engine sessions; facts of an earlier one are dropped. */
  #generation = 0;
  #leaveLimiter: () => void = () => {};
  #cancelTimer: () => void = () => {};
  #lastCommandId = 0;
  #over = false;

  constructor(
    readonly lease: Lease,
    private readonly deps: SessionDeps,
  ) {
    this.#mailbox = new Mailbox(deps.clock, (error, attempt) => this.#onFault(error, attempt));
  }

  get state(): PhoneState {
    return this.#state;
  }

  /** Reads what is stored, executes what waits, and goes on from there. */
  start(): Promise<void> {
    return this.#turn(async () => {
      const { phone, deleted, linked } = await this.deps.store.read(this.lease);
      this.#state = phone.state;
      this.#linked = linked;
      this.#deleted = deleted;
      await this.#apply({ kind: 'claimed' });
      for (const command of await this.deps.store.commands([this.lease])) await this.#execute(command);
    });
  }

  /** Executes durable commands; their rows go with the commit of what they changed. */
  command(command: PhoneCommand): Promise<void> {
    return this.#turn(() => this.#execute(command));
  }

  /** Closes the socket and keeps the stored state, so that the next owner goes on without anybody noticing. */
  async leave(): Promise<void> {
    this.#over = true;
    this.#cancelTimer();
    await this.#mailbox.close();
    await this.#closeEngine();
  }

  async pairingCode(number: PhoneNumber): Promise<{ code: string; expiresAt: Date }> {
    const offer = await this.#engineIn(['pairing']).requestPairingCode(number);
    await this.#post({ kind: 'code-offered', expiresAt: offer.expiresAt.getTime() });
    return offer;
  }

  async setProfileName(name: string): Promise<void> {
    await this.#engineIn(['online', 'syncing']).setProfileName(name);
    await this.#mailbox.post(() => this.#save(() => ({ change: { name } })));
  }

  async setProfileImage(jpeg: Uint8Array): Promise<void> {
    await this.#engineIn(['online', 'syncing']).setProfileImage(jpeg);
    await this.#mailbox.post(() => this.#keepImage(jpeg));
  }

  #engineIn(states: readonly PhoneState['name'][]): EngineSession {
    if (this.#engine !== null && states.includes(this.#state.name)) return this.#engine;
    throw new Conflict(`the phone is ${this.#state.name}; this works only while it is ${states.join(' or ')}`);
  }

  #post(input: PhoneInput): Promise<void> {
    return this.#turn(() => this.#apply(input));
  }

  /** One task of the mailbox; afterwards the timer fits the state. */
  #turn(run: () => Promise<void>): Promise<void> {
    return this.#mailbox.post(async () => {
      if (this.#over) return;
      await run();
      this.#rearm();
    });
  }

  /** A command may be delivered again while its row waits for the commit; it is executed once. */
  async #execute({ commandId, kind }: PhoneCommand): Promise<void> {
    if (commandId <= this.#lastCommandId) return;
    await this.#apply({ kind: 'command', command: kind }, [commandId]);
    this.#lastCommandId = commandId;
  }

  async #apply(input: PhoneInput, settles: readonly number[] = []): Promise<void> {
    const now = this.deps.clock.now();
    this.#recent = this.#recent.filter(({ at }) => at > now - HOUR_MS);
    const facts = { now, random: this.deps.random(), linked: this.#linked, recent: this.#recent };
    const done = transition(this.#state, input, facts);
    if (done.ignored && settles.length === 0) {
      const fields = { phone_id: this.lease.phoneId, state: this.#state.name, input: input.kind };
      return this.deps.log.debug('input without meaning', fields);
    }
    await this.#commit(done, settles, now);
    for (const effect of done.effects) await this.#run(effect);
  }

  async #commit(done: Transition, settles: readonly number[], now: number): Promise<void> {
    const { state, credentials, ended } = done;
    const diary = diaryLine(this.#state, done);
    this.deps.crash('before-state');
    await this.#save((phone) => ({
      change: stateChange(done, phone, now),
      settles,
      ...(credentials !== null && { credentials }),
      ...(diary !== null && { diary }),
    }));
    this.deps.crash('after-state');
    this.deps.onTransition(this.#state, done);
    this.#state = state;
    if (ended !== null) this.#recent.push(ended);
    if (credentials !== null) this.#linked = false;
  }

  async #save(decide: (phone: Phone) => Omit<PhoneDecision, 'events'> | null): Promise<void> {
    const { present, store } = this.deps;
    const events = (before: Phone, after: Phone) => (this.#deleted ? [] : phoneEvents(present(before), present(after)));
    await store.change(this.lease, (phone) => {
      const decision = decide(phone);
      return decision && { ...decision, events };
    });
  }

  async #run(effect: Effect): Promise<void> {
    switch (effect.do) {
      case 'open':
        return this.#open(effect.purpose);
      case 'close':
        return this.#closeEngine();
      case 'unlink':
        // Not awaited: the engine answers with `closed`, and the state has its own deadline.
        return void this.#engine?.unlink().catch((error) => this.#onFault(error, 1));
      case 'resync':
        return void this.#engine?.resync().catch((error) => this.#onFault(error, 1));
      case 'recycle-worker':
        return this.deps.recycleWorker();
    }
  }

  async #open(purpose: 'pair' | 'login'): Promise<void> {
    await this.#closeEngine();
    const generation = this.#generation;
    const { engine, limiter, store } = this.deps;
    const leave = limiter.enter(() => {
      this.deps.crash('before-open');
      this.#engine = engine.open({
        lease: this.lease,
        store: store.sessionStore(this.lease),
        purpose,
        mayWrite: () => !this.#over && this.deps.mayWrite(),
        judgePairing: (identity) => this.#judge(identity),
        onFact: (fact) => this.#onFact(generation, fact),
      });
    });
    this.#leaveLimiter = leave;
  }

  async #closeEngine(): Promise<void> {
    this.#generation += 1;
    this.#leaveLimiter();
    const engine = this.#engine;
    this.#engine = null;
    await engine?.close();
  }

  #onFact(generation: number, fact: EngineFact): Promise<void> {
    if (generation !== this.#generation) return Promise.resolve();
    if (fact.kind === 'qr-offered' || fact.kind === 'opened' || fact.kind === 'closed') this.#leaveLimiter();
    return this.#turn(async () => {
      if (generation === this.#generation) await this.#take(fact);
    });
  }

  async #take(fact: EngineFact): Promise<void> {
    switch (fact.kind) {
      case 'qr-offered':
        return this.#apply({ ...fact, expiresAt: fact.expiresAt.getTime() });
      case 'paired':
        this.#linked = true;
        await this.#save(() => ({ change: identityChange(fact.identity) }));
        return this.#apply({ kind: 'paired' });
      case 'opened':
      case 'drained':
      case 'closed':
        return this.#apply(fact);
      case 'profile':
        await this.#save((phone) => profileChange(phone, fact));
        return fact.image === undefined ? undefined : this.#keepImage(fact.image);
      case 'primary-seen':
        return this.#save(() => ({ change: { primaryLastSeen: fact.at } }));
      case 'message':
        this.deps.crash('before-receive');
        await this.deps.store.receive(this.lease, fact.message);
        return this.deps.crash('after-receive');
      case 'history':
        return this.deps.store.storeHistory(this.lease, fact.batch);
    }
  }

  async #judge(identity: LinkedIdentity): Promise<PairingVerdict> {
    const refusal = await judgePairing(this.deps.store, this.lease, identity);
    if (refusal === null) return { accept: true };
    await this.deps.audit(this.lease, `pairing refused: ${refusal}`, { number: identity.number });
    void this.#post({ kind: 'pairing-refused', cause: refusal });
    return { accept: false, reason: refusal };
  }

  async #keepImage(image: Uint8Array | null): Promise<void> {
    const { phone } = await this.deps.store.read(this.lease);
    if (!(await this.deps.keepImage(phone, image))) return;
    const imageChangedAt = image === null ? null : new Date(this.deps.clock.now());
    await this.#save(() => ({ change: { imageChangedAt } }));
  }

  /** One timer, named by the state. A phone at rest gives its lease back. */
  #rearm(): void {
    this.#cancelTimer();
    if (this.#over) return;
    if (!needsOwner(this.#state)) {
      if (this.#mailbox.waiting === 0) this.deps.onRest();
      return;
    }
    const at = wakeAt(this.#state);
    if (at === null) return;
    const ms = Math.max(0, at - this.deps.clock.now());
    this.#cancelTimer = this.deps.clock.after(ms, () => void this.#post({ kind: 'time' }));
  }

  #onFault(error: unknown, attempt: number): void {
    if (error instanceof LeaseLost) this.deps.onLeaseLost();
    else this.deps.log.error('phone session fault', { phone_id: this.lease.phoneId, attempt, err: error });
  }
}
