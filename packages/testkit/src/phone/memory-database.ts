import {
  type CommandKind,
  type Decide,
  type DiaryEntry,
  type EventDraft,
  type HistoryBatch,
  type InboundMessage,
  LEASE_TTL_MS,
  type Lease,
  LeaseLost,
  type Node,
  needsOwner,
  type Phone,
  type PhoneCommand,
  type PhoneState,
} from '@trunkline/core';
import type { ManualClock } from './manual-clock.js';

export interface MemoryPhone {
  phone: Phone;
  deleted: boolean;
  credentials: Uint8Array | null;
  /** Credentials of ended links. */
  readonly retired: Uint8Array[];
  readonly keys: Map<string, Uint8Array>;
  readonly diary: DiaryEntry[];
  readonly events: EventDraft[];
  readonly messages: InboundMessage[];
  readonly history: HistoryBatch[];
  lease: { nodeId: string | null; epoch: number };
}

/** What the stores of several nodes share, like the database they stand for: rows, leases, commands, and its faults. */
export class MemoryDatabase {
  readonly phones = new Map<string, MemoryPhone>();
  readonly nodes = new Map<string, { node: Node; draining: boolean; heartbeatAt: number }>();
  commands: PhoneCommand[] = [];
  readonly audit: string[] = [];
  readonly watchers = new Set<() => void>();
  /** Runs before each call and may throw or wait, as a database does that is away or slow. */
  before: (call: string) => Promise<void> | void = () => {};
  /** Runs after each write is stored: throwing here is a commit whose answer got lost. */
  after: (call: string) => Promise<void> | void = () => {};
  /** Nodes whose process is gone: what they still ask is never answered. */
  readonly dead = new Set<string>();
  #lastCommandId = 0;

  constructor(readonly clock: ManualClock) {}

  /** A call of a node arrives. */
  async enter(nodeId: string, call: string): Promise<void> {
    if (this.dead.has(nodeId)) return new Promise(() => {});
    await this.before(call);
  }

  add(state: PhoneState, more: Partial<Phone> = {}, credentials: Uint8Array | null = null): Phone {
    const phoneId = more.phoneId ?? `phone-${this.phones.size + 1}`;
    const at = new Date(this.clock.now());
    const phone: Phone = {
      orgId: 'org-a',
      phoneId,
      network: 'sandbox',
      wanted: 'running',
      state,
      number: null,
      lid: null,
      name: null,
      isBusiness: false,
      imageChangedAt: null,
      labels: [],
      firstConnectedAt: null,
      lastDisconnect: null,
      restrictedUntil: null,
      primaryLastSeen: null,
      createdAt: at,
      updatedAt: at,
      ...more,
    };
    const lists = { retired: [], diary: [], events: [], messages: [], history: [] };
    const lease = { nodeId: null, epoch: 0 };
    this.phones.set(phoneId, { phone, deleted: false, credentials, keys: new Map(), ...lists, lease });
    return phone;
  }

  row(phoneId: string): MemoryPhone {
    const row = this.phones.get(phoneId);
    if (row === undefined) throw new Error(`no phone ${phoneId}`);
    return row;
  }

  /** Adds a durable command; of a kind that already waits there is only one. */
  command(phoneId: string, kind: CommandKind): PhoneCommand {
    const same = this.commands.find((command) => command.phoneId === phoneId && command.kind === kind);
    if (same !== undefined) return same;
    this.#lastCommandId += 1;
    const command = { commandId: this.#lastCommandId, phoneId, kind };
    this.commands.push(command);
    for (const wake of this.watchers) wake();
    return command;
  }

  /** What deleting a phone does before its owner hears of it. */
  hide(phoneId: string): PhoneCommand {
    this.row(phoneId).deleted = true;
    this.commands = this.commands.filter((command) => command.phoneId !== phoneId);
    return this.command(phoneId, 'delete');
  }

  isAlive(nodeId: string | null): boolean {
    const entry = nodeId === null ? undefined : this.nodes.get(nodeId);
    return entry !== undefined && entry.heartbeatAt > this.clock.monotonic() - LEASE_TTL_MS;
  }

  /** Phones that need somebody and have nobody alive. */
  unowned(network: string): MemoryPhone[] {
    return [...this.phones.values()].filter(({ phone, deleted, lease }) => {
      if (phone.network !== network || this.isAlive(lease.nodeId)) return false;
      const isWanted = phone.wanted === 'running' && !deleted && needsOwner(phone.state);
      return isWanted || this.commands.some((command) => command.phoneId === phone.phoneId);
    });
  }

  take(row: MemoryPhone, nodeId: string): Lease {
    row.lease = { nodeId, epoch: row.lease.epoch + 1 };
    return this.leaseOf(row, nodeId);
  }

  leaseOf({ phone, lease }: MemoryPhone, nodeId: string): Lease {
    return { phoneId: phone.phoneId, orgId: phone.orgId, nodeId, epoch: lease.epoch };
  }

  /** The row as its owner sees it; whoever is the owner no longer is told so. */
  owned(lease: Lease): MemoryPhone {
    const row = this.row(lease.phoneId);
    if (row.lease.nodeId !== lease.nodeId || row.lease.epoch !== lease.epoch) throw new LeaseLost(lease.phoneId);
    return row;
  }

  change(row: MemoryPhone, nodeId: string, decide: Decide): Phone {
    const before = row.phone;
    const decision = decide(before);
    if (decision === null) return before;
    const updatedAt = new Date(Math.max(this.clock.now(), before.updatedAt.getTime() + 1));
    const phone = { ...before, ...decision.change, updatedAt };
    row.events.push(...decision.events(before, phone));
    row.phone = phone;
    if (decision.diary !== undefined) {
      row.diary.push({ at: updatedAt, state: phone.state.name, ...decision.diary, nodeId });
    }
    const settles = new Set(decision.settles);
    this.commands = this.commands.filter(({ commandId }) => !settles.has(commandId));
    if (decision.credentials !== undefined) {
      if (decision.credentials === 'retire' && row.credentials !== null) row.retired.push(row.credentials);
      row.credentials = null;
      row.keys.clear();
    }
    return phone;
  }
}
