import { type Lease, type LeaseStore, type Node, SELF_STOP_MS } from '../lease/lease.js';
import type { Clock } from '../support/clock.js';
import type { Log } from '../support/log.js';
import type { PhoneSession } from './phone-session.js';
import type { OwnedPhoneStore } from './phone-store.js';

const LOOK_EVERY_MS = 1_000;
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
  #look: Promise<void> | null = null;
  #lookAgain = false;
  #stopWatching: () => void = () => {};
  #cancelTimer: () => void = () => {};
  #stopping = false;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopWatching = this.#deps.store.watchCommands(() => this.look());
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
    if (this.#stopping) return;
    if (this.#look !== null) {
      this.#lookAgain = true;
      return;
    }
    this.#cancelTimer();
    this.#look = this.#lookOnce().finally(() => {
      this.#look = null;
      if (this.#lookAgain) {
        this.#lookAgain = false;
        this.look();
      } else if (!this.#stopping) this.#cancelTimer = this.#deps.clock.after(LOOK_EVERY_MS, () => this.look());
    });
  }

  /** Leaves every phone as it is for the next owner and gives the leases back. May be called twice. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#stopWatching();
    this.#cancelTimer();
    await this.#attempt('mark draining', () => this.#deps.leases.markDraining(this.#deps.node.nodeId));
    await this.#look;
    await this.#giveBack([...this.#sessions.values()]);
    await this.#attempt('remove node', () => this.#deps.leases.removeNode(this.#deps.node.nodeId));
  }

  async #lookOnce(): Promise<void> {
    try {
      if (this.#deps.heartbeatAgoMs() > SELF_STOP_MS) return await this.#suspend();
      await this.#share();
      await this.#deliverCommands();
    } catch (error) {
      this.#deps.log.warn('supervisor could not look for work', { err: error });
    }
  }

  /** We may no longer be the owner in the eyes of others: close every socket before anybody can open a second one. */
  async #suspend(): Promise<void> {
    if (this.#sessions.size === 0) return;
    this.#deps.log.warn('no confirmed heartbeat, closing all phones', { phones: this.#sessions.size });
    await this.#giveBack([...this.#sessions.values()]);
  }

  async #share(): Promise<void> {
    const { leases, node } = this.#deps;
    const nodes = (await leases.liveNodes(node.network)).filter((other) => !other.draining);
    const unowned = await leases.unowned(node.network);
    const total = unowned + nodes.reduce((sum, other) => sum + other.phones, 0);
    const share = Math.ceil(total / Math.max(1, nodes.length));
    const spare = this.#sessions.size - share;
    if (spare > Math.max(1, share / 10)) {
      const online = [...this.#sessions.values()].filter((session) => session.state.name === 'online');
      return this.#giveBack(online.slice(0, Math.min(spare, HAND_BACK_AT_ONCE)));
    }
    if (unowned === 0 || spare >= 0) return;
    const limit = Math.min(CLAIM_AT_ONCE, -spare);
    const taken = await leases.claim(node.nodeId, node.network, limit);
    for (const lease of taken) this.#open(lease);
    if (taken.length === limit) this.#lookAgain = true;
  }

  #open(lease: Lease): void {
    const session: PhoneSession = this.#deps.openSession(lease, {
      onRest: () => void this.#giveBack([session]),
      onLeaseLost: () => void this.#drop(session),
    });
    this.#sessions.set(lease.phoneId, session);
    void session.start();
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
    await Promise.all(mine.map((session) => session.leave()));
    await this.#attempt('release leases', () => this.#deps.leases.release(mine.map(({ lease }) => lease)));
    if (!this.#stopping) this.look();
  }

  async #drop(session: PhoneSession): Promise<void> {
    if (!this.#forget(session)) return;
    this.#deps.log.warn('lease lost', { phone_id: session.lease.phoneId, epoch: session.lease.epoch });
    await session.leave();
  }

  #forget(session: PhoneSession): boolean {
    if (this.#sessions.get(session.lease.phoneId) !== session) return false;
    return this.#sessions.delete(session.lease.phoneId);
  }

  async #attempt(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#deps.log.warn(`could not ${what}`, { err: error });
    }
  }
}
