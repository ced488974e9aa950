import type { Lid, PhoneNumber } from '../identity/jid.js';
import type { LabelRef } from '../label/label.js';
import type { Network } from '../lease/lease.js';
import type { PhoneState, Wanted } from './phone-state.js';

/** One WhatsApp account attached by an organisation, as stored. */
export interface Phone {
  readonly orgId: string;
  readonly phoneId: string;
  readonly network: Network;
  readonly wanted: Wanted;
  readonly state: PhoneState;
  /** Bound by the first link and never changed. */
  readonly number: PhoneNumber | null;
  readonly lid: Lid | null;
  readonly name: string | null;
  readonly isBusiness: boolean;
  /** When the stored profile picture changed; null without a picture. */
  readonly imageChangedAt: Date | null;
  readonly labels: readonly LabelRef[];
  readonly firstConnectedAt: Date | null;
  readonly lastDisconnect: { readonly code: string; readonly reason: string; readonly at: string } | null;
  readonly restrictedUntil: Date | null;
  readonly primaryLastSeen: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a change may set. Absent = unchanged. */
export interface PhoneChange {
  readonly wanted?: Wanted;
  readonly state?: PhoneState;
  readonly number?: PhoneNumber;
  readonly lid?: Lid | null;
  readonly name?: string | null;
  readonly isBusiness?: boolean;
  readonly imageChangedAt?: Date | null;
  readonly labels?: readonly LabelRef[];
  readonly firstConnectedAt?: Date;
  readonly lastDisconnect?: Phone['lastDisconnect'];
  readonly restrictedUntil?: Date | null;
  readonly primaryLastSeen?: Date;
}

/** A durable wish of a user, executed by the owner of the phone and removed in the commit of what it changed. */
export type CommandKind = 'start' | 'restart' | 'reset' | 'resync' | 'delete';

export interface PhoneCommand {
  readonly commandId: number;
  readonly phoneId: string;
  readonly kind: CommandKind;
}

/** One line of the diary of a phone: a state it entered, and why. */
export interface DiaryEntry {
  readonly at: Date;
  readonly state: string;
  readonly code: string | null;
  readonly reason: string | null;
  readonly nodeId: string | null;
}
