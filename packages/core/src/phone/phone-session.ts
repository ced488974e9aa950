import type { EngineFact, EngineSession, LinkedIdentity, PairingVerdict } from '../engine/engine-port.js';
import type { PhoneNumber } from '../identity/jid.js';
import type { Lease } from '../lease/lease.js';
import { Conflict, LeaseLost } from '../support/errors.js';
import { Mailbox } from '../support/mailbox.js';
import { RecentIds } from '../support/recent-ids.js';
import { causeRow } from './disconnect-cause.js';
import { EngineSlot } from './engine-slot.js';
import type { PhoneCommand } from './phone.js';
import type { Effect, PhoneInput, Transition } from './phone-input.js';
import { PhoneMemory } from './phone-memory.js';
import type { SessionDeps } from './phone-session-deps.js';
import { needsOwner, type PhoneState } from './phone-state.js';
import { transition } from './phone-transition.js';
import { PhoneWriter } from './phone-writer.js';
import { wakeAt } from './wake-at.js';

/** Content that waits for the database; beyond it the session is opened again, and WhatsApp keeps what comes. */
const MOST_WAITING = 5_000;
const COMMANDS_REMEMBERED = 100;

/**
 * Owns one phone on this node while the lease lasts, and alone changes its state: input → pure transition → state, events
 * and credentials saved in one fenced commit → effects. One mailbox, so nothing here runs twice at once.
 */
export class PhoneSession {
  readonly #mailbox: Mailbox;
  readonly #slot: EngineSlot;
  readonly #memory: PhoneMemory;
  readonly #writer: PhoneWriter;
  readonly #commandsTaken = new RecentIds(COMMANDS_REMEMBERED);
  #cancelTimer: () => void = () => {};
  #leaving: Promise<void> | null = null;

  constructor(
    readonly lease: Lease,
    private readonly deps: SessionDeps,
  ) {
    this.#memory = new PhoneMemory(deps.clock);
    this.#mailbox = new Mailbox(deps.clock, {
      onFault: (error) => this.#onFault(error),
      onRetry: (error, attempt) =>
        this.#log('warn', 'a step of a phone session is tried again', { attempt, err: error }),
    });
    this.#writer = new PhoneWriter(lease, deps, this.#memory, this.#mailbox);
    this.#slot = new EngineSlot(lease, deps, {
      onFact: (fact, isCurrent) => this.#onFact(fact, isCurrent),
      judge: (identity, isCurrent) => this.#judge(identity, isCurrent),
      onBegun: () => this.#rearm(),
    });
  }

  get state(): PhoneState {
    return this.#memory.state;
  }

  /** Reads what is stored, goes on from there, and executes what waits. */
  async start(): Promise<void> {
    const claimed = this.#turn(async () => {
      await this.#writer.recall();
      await this.#apply({ kind: 'claimed' });
    });
    const waiting = this.#turn(async () => {
      for (const command of await this.#writer.commands()) {
        if (this.#commandsTaken.add(command.commandId)) await this.#execute(command);
      }
    });
    await Promise.all([claimed, waiting]);
  }

  /** Executes a durable command; its row goes with the commit of what it changed. Delivered twice, it is executed once. */
  command(command: PhoneCommand): Promise<void> {
    const isNew = this.#commandsTaken.add(command.commandId);
    return isNew ? this.#turn(() => this.#execute(command)) : Promise.resolve();
  }

  /** Closes the socket at once and keeps the stored state, so that the next owner goes on without anybody noticing. */
  leave(): Promise<void> {
    this.#leaving ??= (async () => {
      this.#cancelTimer();
      await Promise.all([this.#slot.shut(), this.#mailbox.close()]);
    })();
    return this.#leaving;
  }

  async pairingCode(number: PhoneNumber): Promise<{ code: string; expiresAt: Date }> {
    const engine = this.#engineIn(['pairing', 'starting']);
    const offer = await engine.requestPairingCode(number);
    await this.#turn(async () => {
      if (this.#slot.session !== engine) return;
      await this.#apply({ kind: 'code-offered', expiresAt: offer.expiresAt.getTime() });
    });
    return offer;
  }

  async setProfileName(name: string): Promise<void> {
    await this.#engineIn(['online', 'syncing']).setProfileName(name);
    await this.#turn(() => this.#writer.name(name));
  }

  async setProfileImage(jpeg: Uint8Array): Promise<void> {
    await this.#engineIn(['online', 'syncing']).setProfileImage(jpeg);
    await this.#turn(() => this.#writer.image(jpeg));
  }

  #engineIn(states: readonly PhoneState['name'][]): EngineSession {
    const { session } = this.#slot;
    if (session !== null && states.includes(this.state.name)) return session;
    throw new Conflict(`the phone is ${this.state.name}; this works only while it is ${states.join(' or ')}`);
  }

  /** One task of the mailbox; afterwards the timer fits the state. */
  #turn(run: () => Promise<void>): Promise<void> {
    return this.#mailbox.post(async () => {
      if (this.#leaving !== null) return;
      try {
        await run();
      } finally {
        this.#rearm();
      }
    });
  }

  async #execute({ commandId, kind }: PhoneCommand): Promise<void> {
    if (kind === 'delete') {
      this.#memory.deleted = true;
      this.#writer.deletion = commandId;
    }
    await this.#apply({ kind: 'command', command: kind }, kind === 'delete' ? [] : [commandId]);
  }

  async #apply(input: PhoneInput, settles: readonly number[] = []): Promise<void> {
    const before = this.state;
    if (before.name === 'pairing' && before.attempt.step.kind === 'finishing') await this.#writer.lookForLink();
    const facts = this.#memory.facts(this.deps.random(), this.#slot.openSince);
    const done = transition(this.state, input, facts);
    if (done.ignored && settles.length === 0) {
      return this.#log('debug', 'input without meaning', { state: before.name, input: input.kind });
    }
    await this.#writer.transition(done, settles, facts.now);
    this.#memory.learn(done);
    this.#tell(before, done);
    for (const effect of done.effects) await this.#run(effect);
  }

  #tell(before: PhoneState, done: Transition): void {
    this.deps.onTransition(before, done, this.lease);
    const code = done.ended?.code ?? null;
    if (before.name === done.state.name && code === null) return;
    this.#log('info', 'phone changed', { from: before.name, to: done.state.name, code });
    const standing = 'cause' in done.state ? done.state.cause : null;
    if (code === null || standing === null || !causeRow(standing).alarm) return;
    this.#log('error', 'a phone needs somebody who runs the server', {
      code: standing,
      reason: causeRow(standing).sentence,
    });
  }

  /** Never throws: what was committed is done, and an engine that fails says so by closing. */
  async #run(effect: Effect): Promise<void> {
    if (this.#leaving !== null) return;
    switch (effect.do) {
      case 'open':
        return this.#slot.open(effect.purpose);
      case 'close':
        return this.#slot.close();
      case 'unlink':
        // Not awaited: the engine answers with `closed`, and the state has its own deadline.
        return void this.#slot.session?.unlink().then(
          (isTold) => isTold || this.#log('warn', 'whatsapp could not be told to remove this device', {}),
          (error) => this.#onFault(error),
        );
      case 'resync':
        return void this.#slot.session?.resync().catch((error) => this.#onFault(error));
      case 'recycle-worker':
        return this.deps.recycleWorker();
    }
  }

  #onFact(fact: EngineFact, isCurrent: () => boolean): Promise<void> {
    const isContent = fact.kind === 'message' || fact.kind === 'history';
    if (isContent && this.#mailbox.waiting >= MOST_WAITING) {
      this.#slot.giveUp({ source: 'deaf' });
      return Promise.resolve();
    }
    return this.#turn(async () => {
      if (isCurrent()) await this.#take(fact);
    });
  }

  async #take(fact: EngineFact): Promise<void> {
    switch (fact.kind) {
      case 'qr-offered':
        return this.#apply({ ...fact, expiresAt: fact.expiresAt.getTime() });
      case 'paired':
      case 'opened':
      case 'drained':
      case 'closed':
        return this.#apply(fact);
      case 'profile':
        return this.#writer.profile(fact);
      case 'primary-seen':
        return this.#writer.primarySeen(fact.at);
      case 'message':
      case 'history':
        return this.#writer.content(fact);
    }
  }

  async #judge(identity: LinkedIdentity, isCurrent: () => boolean): Promise<PairingVerdict> {
    let verdict: PairingVerdict = { accept: false, reason: 'session_over' };
    await this.#turn(async () => {
      if (!isCurrent()) return;
      const refusal = await this.#writer.judge(identity);
      if (refusal === null) await this.#apply({ kind: 'pairing-accepted', identity });
      else await this.#apply({ kind: 'pairing-refused', cause: refusal });
      verdict = refusal === null ? { accept: true } : { accept: false, reason: refusal };
    });
    return verdict;
  }

  /** One timer, named by the state. A phone at rest gives its lease back. */
  #rearm(): void {
    this.#cancelTimer();
    if (this.#leaving !== null) return;
    this.#memory.keepTime();
    if (!needsOwner(this.state)) {
      if (this.#mailbox.waiting === 0) this.deps.onRest();
      return;
    }
    const at = wakeAt(this.state, this.#slot.openSince);
    if (at === null) return;
    const ms = Math.max(0, at - this.deps.clock.now());
    this.#cancelTimer = this.deps.clock.after(ms, () => void this.#turn(() => this.#apply({ kind: 'time' })));
  }

  #onFault(error: unknown): void {
    if (error instanceof LeaseLost) {
      void this.leave();
      this.deps.onLeaseLost();
    } else if (this.#leaving === null) this.#log('error', 'phone session fault', { err: error });
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void {
    this.deps.log[level](message, { phone_id: this.lease.phoneId, ...fields });
  }
}
