import { type Lease, type LeaseStore, type Node, SELF_STOP_MS } from '../lease/lease.js';
import type { Clock } from '../support/clock.js';
import { endsWithin } from '../support/deadline.js';
import type { Log } from '../support/log.js';
import type { PhoneSession } from './phone-session.js';
import type { OwnedPhoneStore } from './phone-store.js';

const LOOK_EVERY_MS = 1_000;
/** A look that takes longer hangs in the database; the next one goes without it. */
const LOOK_LIMIT_MS = 30_000;
/** How long one call to the database may hold up a hand-over. */
const CALL_LIMIT_MS = 4_000;
/** Sessions close in 2 s; what else they do may hang in the database. */
const LEAVE_LIMIT_MS = 8_000;
/** Phones taken or given in one look, so that a look stays short. */
const CLAIM_AT_ONCE = 50;
const HAND_BACK_AT_ONCE = 5;

export interface SupervisorDeps {
  readonly node: Node;
  readonly leases: LeaseStore;
  readonly store: OwnedPhoneStore;
  /** Milliseconds since the database last confirmed our heartbeat. */
  readonly heartbeatAgoMs: () => number;
  readonly openSession: (lease: Lease, hooks: { onRest: () => void; onLeaseLost: () => void }) => PhoneSession;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs this node's share of the phones: takes leases, delivers commands, gives back, and stops itself when it may not go on. */
export class PhoneSupervisor {
  readonly #deps: SupervisorDeps;
  readonly #sessions = new Map<string, PhoneSession>();
  /** Phones whose session is closing or whose lease is going back. */
  readonly #leaving = new Map<string, Promise<void>>();
  #look: Promise<void> | null = null;
  #lookAgain = false;
  #stopWatching: () => void = () => {};
  #cancelLook: () => void = () => {};
  #cancelGuard: () => void = () => {};
  #stopped: Promise<void> | null = null;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopWatching = this.#deps.store.watchCommands(() => this.look());
    this.#guard();
    this.look();
  }

  /** The session of a phone that this node runs. */
  session(phoneId: string): PhoneSession | null {
    return this.#sessions.get(phoneId) ?? null;
  }

  get size(): number {
    return this.#sessions.size;
  }

  sessions(): Iterable<PhoneSession> {
    return this.#sessions.values();
  }

  /** Looks for work soon; calls while one look runs become one more look. */
  look(): void {
    if (this.#stopped !== null) return;
    if (this.#look !== null) {
      this.#lookAgain = true;
      return;
    }
    this.#cancelLook();
    this.#look = this.#lookOnce().finally(() => {
      this.#look = null;
      if (this.#stopped !== null) return;
      if (!this.#lookAgain) this.#cancelLook = this.#deps.clock.after(LOOK_EVERY_MS, () => this.look());
      else {
        this.#lookAgain = false;
        this.look();
      }
    });
  }

  /** Leaves every phone as it is for the next owner and gives the leases back. May be called twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { leases, node, clock } = this.#deps;
    this.#stopWatching();
    this.#cancelLook();
    this.#cancelGuard();
    await this.#attempt('mark draining', () => leases.markDraining(node.nodeId));
    if (this.#look !== null) await endsWithin(this.#look, CALL_LIMIT_MS, clock);
    await this.#giveBack([...this.#sessions.values()]);
    await Promise.all(this.#leaving.values());
    await this.#attempt('remove node', () => leases.removeNode(node.nodeId));
  }

  /** Runs apart from the looks, because a look may hang in the very database whose silence matters here. */
  #guard(): void {
    if (!this.#mayRun() && this.#sessions.size > 0) {
      this.#deps.log.warn('no confirmed heartbeat, closing all phones', { phones: this.#sessions.size });
      void this.#giveBack([...this.#sessions.values()]);
    }
    this.#cancelGuard = this.#deps.clock.after(LOOK_EVERY_MS, () => this.#guard());
  }

  /** Others may take our phones soon: every socket closes before anybody can open a second one. */
  #mayRun(): boolean {
    return this.#deps.heartbeatAgoMs() <= SELF_STOP_MS;
  }

  async #lookOnce(): Promise<void> {
    const { clock, log } = this.#deps;
    const work = this.#work().catch((error) => log.warn('supervisor could not look for work', { err: error }));
    if (!(await endsWithin(work, LOOK_LIMIT_MS, clock))) log.warn('the database does not answer the supervisor');
  }

  async #work(): Promise<void> {
    if (!this.#mayRun()) return;
    await this.#share();
    await this.#deliverCommands();
  }

  async #share(): Promise<void> {
    const { leases, node } = this.#deps;
    const nodes = (await leases.liveNodes(node.network)).filter((other) => !other.draining);
    const mine = nodes.find((other) => other.nodeId === node.nodeId)?.phones ?? 0;
    if (mine !== this.#sessions.size + this.#leaving.size) await this.#reconcile();
    const unowned = await leases.unowned(node.network);
    const total = unowned + nodes.reduce((sum, other) => sum + other.phones, 0);
    const share = Math.ceil(total / Math.max(1, nodes.length));
    const spare = this.#sessions.size - share;
    if (spare > Math.max(1, share / 10)) return this.#handBack(spare);
    if (unowned > 0 && spare < 0) await this.#claim(Math.min(CLAIM_AT_ONCE, -spare));
  }

  /** What is stored decides: a claim or a release whose answer was lost is made good, a lease that is gone is let go. */
  async #reconcile(): Promise<void> {
    const held = new Map((await this.#deps.leases.held(this.#deps.node.nodeId)).map((lease) => [lease.phoneId, lease]));
    for (const session of [...this.#sessions.values()]) {
      const { phoneId, epoch } = session.lease;
      if (held.get(phoneId)?.epoch !== epoch) this.#drop(session);
    }
    for (const lease of held.values()) {
      if (!this.#sessions.has(lease.phoneId) && !this.#leaving.has(lease.phoneId)) this.#open(lease);
    }
  }

  /** Another node has fewer: some of ours that move without anybody noticing. */
  async #handBack(spare: number): Promise<void> {
    const online = [...this.#sessions.values()].filter((session) => session.state.name === 'online');
    await this.#giveBack(online.slice(0, Math.min(spare, HAND_BACK_AT_ONCE)));
  }

  async #claim(limit: number): Promise<void> {
    const { leases, node } = this.#deps;
    const taken = await leases.claim(node.nodeId, node.network, limit);
    for (const lease of taken) this.#open(lease);
    if (taken.length === limit) this.#lookAgain = true;
  }

  #open(lease: Lease): void {
    // Whoever stops frees all leases by removing the node.
    if (this.#stopped !== null) return;
    const former = this.#sessions.get(lease.phoneId);
    if (former !== undefined) this.#drop(former);
    const session: PhoneSession = this.#deps.openSession(lease, {
      onRest: () => void this.#giveBack([session]),
      onLeaseLost: () => this.#drop(session),
    });
    this.#sessions.set(lease.phoneId, session);
    const gone = this.#leaving.get(lease.phoneId) ?? Promise.resolve();
    void gone.then(() => session.start());
  }

  async #deliverCommands(): Promise<void> {
    if (this.#sessions.size === 0) return;
    const leases = [...this.#sessions.values()].map((session) => session.lease);
    for (const command of await this.#deps.store.commands(leases)) {
      void this.#sessions.get(command.phoneId)?.command(command);
    }
  }

  async #giveBack(sessions: readonly PhoneSession[]): Promise<void> {
    const mine = sessions.filter((session) => this.#forget(session));
    if (mine.length === 0) return;
    const released = await this.#leave(mine, () => this.#deps.leases.release(mine.map(({ lease }) => lease)));
    // What could not be released is taken up again by the next look in time, and not at once for ever.
    if (released) this.look();
  }

  #drop(session: PhoneSession): void {
    if (!this.#forget(session)) return;
    this.#deps.log.warn('lease lost', { phone_id: session.lease.phoneId, epoch: session.lease.epoch });
    void this.#leave([session], () => Promise.resolve());
  }

  async #leave(sessions: readonly PhoneSession[], release: () => Promise<void>): Promise<boolean> {
    const closed = this.#closeThen(sessions, release);
    const gone = closed.then(() => {});
    for (const { lease } of sessions) this.#leaving.set(lease.phoneId, gone);
    const released = await closed;
    for (const { lease } of sessions) {
      if (this.#leaving.get(lease.phoneId) === gone) this.#leaving.delete(lease.phoneId);
    }
    return released;
  }

  async #closeThen(sessions: readonly PhoneSession[], release: () => Promise<void>): Promise<boolean> {
    const { clock, log } = this.#deps;
    const closed = Promise.all(sessions.map((session) => session.leave()));
    if (!(await endsWithin(closed, LEAVE_LIMIT_MS, clock))) log.warn('a phone session hangs while it is left');
    return this.#attempt('release leases', release);
  }

  #forget(session: PhoneSession): boolean {
    if (this.#sessions.get(session.lease.phoneId) !== session) return false;
    return this.#sessions.delete(session.lease.phoneId);
  }

  async #attempt(what: string, run: () => Promise<void>): Promise<boolean> {
    const { clock, log } = this.#deps;
    let succeeded = false;
    const work = run().then(
      () => {
        succeeded = true;
      },
      (error) => log.warn(`could not ${what}`, { err: error }),
    );
    if (!(await endsWithin(work, CALL_LIMIT_MS, clock))) log.warn(`could not ${what} in time`);
    return succeeded;
  }
}
