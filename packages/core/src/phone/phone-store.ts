import type { SessionStore } from '../engine/session-store.js';
import type { Lease, Network } from '../lease/lease.js';
import type { HistoryBatch, InboundMessage } from '../message/inbound-message.js';
import type { CommandKind, DiaryEntry, Phone, PhoneChange, PhoneCommand } from './phone.js';
import type { PhoneState } from './phone-state.js';

/** An event to append together with a change. `payload` is the public object as JSON text. */
export interface EventDraft {
  readonly name: string;
  readonly payload: string;
}

/** The outcome of a decision about a locked phone row. `null` from the decision means: change nothing, write nothing. */
export interface PhoneDecision {
  readonly change: PhoneChange;
  /** Made from the row as it will be, with the `updatedAt` it will have. Called inside the transaction; must be pure. */
  readonly events: (before: Phone, after: Phone) => readonly EventDraft[];
  readonly diary?: { readonly code: string | null; readonly reason: string | null };
  /** Command rows that this change settles. */
  readonly settles?: readonly number[];
  readonly credentials?: 'retire' | 'delete';
}

export type Decide = (phone: Phone) => PhoneDecision | null;

/** Phones as the API sees them. Every call names the organisation; foreign and deleted phones are absent. */
export interface PhoneStore {
  create(input: {
    orgId: string;
    phoneId: string;
    network: Network;
    state: PhoneState;
    labels: Phone['labels'];
    name: string | null;
    events: (phone: Phone) => readonly EventDraft[];
  }): Promise<Phone>;
  find(orgId: string, phoneId: string): Promise<Phone | null>;
  /** Phones bound to a number, those that are connected first, then the newest. */
  findByNumber(orgId: string, number: string): Promise<Phone[]>;
  list(orgId: string): Promise<Phone[]>;
  count(orgId: string): Promise<number>;
  /** Decides about the locked row and writes in one transaction. Null when the phone is unknown. */
  change(orgId: string, phoneId: string, decide: Decide): Promise<Phone | null>;
  /**
   * Decides about every phone that claims to be connected although no node holds it. Each is locked together with
   * its lease, so nobody can take it meanwhile. Answers how many were changed. For all organisations.
   */
  changeAbandoned(decide: Decide): Promise<number>;
  /** Adds a durable command and wakes the workers. A command of a kind that already waits is not added twice. */
  command(orgId: string, phoneId: string, kind: CommandKind): Promise<boolean>;
  /** Hides the phone at once and leaves a `delete` command for its owner. False when unknown. */
  remove(orgId: string, phoneId: string, events: (phone: Phone) => readonly EventDraft[]): Promise<boolean>;
  diary(orgId: string, phoneId: string, limit: number): Promise<DiaryEntry[]>;
  /** Ids of labels for these names, created when unknown; the stored spelling wins. */
  resolveLabels(orgId: string, type: string, names: readonly string[]): Promise<Phone['labels']>;
  /** Phones by network and state name, for metrics. */
  countByState(): Promise<{ network: Network; state: string; phones: number }[]>;
}

/** Phones as their owner sees them. Every write is refused with `LeaseLost` when the epoch is stale. */
export interface OwnedPhoneStore {
  read(lease: Lease): Promise<{ phone: Phone; deleted: boolean; linked: boolean }>;
  change(lease: Lease, decide: Decide): Promise<Phone>;
  /** Waiting commands of the phones that this node owns, oldest first. */
  commands(leases: readonly Lease[]): Promise<PhoneCommand[]>;
  /** Another phone of the organisation that is bound to this number and still linked, or null. */
  otherPhoneWithNumber(lease: Lease, number: string): Promise<string | null>;
  /** Stores a message with its chat and identities, once, and settles its inbox entry in the same transaction. */
  receive(lease: Lease, message: InboundMessage): Promise<'new' | 'known'>;
  storeHistory(lease: Lease, batch: HistoryBatch): Promise<void>;
  sessionStore(lease: Lease): SessionStore;
  /** Wakes the owner of new commands; at least once a second anyway. Returns the way to stop. */
  watchCommands(onWake: () => void): () => void;
}
