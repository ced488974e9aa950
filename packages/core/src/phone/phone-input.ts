import type { EngineClose } from '../engine/engine-close.js';
import type { LinkedIdentity } from '../engine/engine-port.js';
import type { CauseCode } from './disconnect-cause.js';
import type { PairingRefusal } from './judge-pairing.js';
import type { CommandKind } from './phone.js';
import type { PhoneState } from './phone-state.js';

/** Facts and wishes that may change the state of a phone. */
export type PhoneInput =
  /** This node has just taken the phone: the stored moving state is history. */
  | { readonly kind: 'claimed' }
  | { readonly kind: 'command'; readonly command: CommandKind }
  | { readonly kind: 'qr-offered'; readonly qrCode: string; readonly expiresAt: number }
  | { readonly kind: 'code-offered'; readonly expiresAt: number }
  /** A handset answered and may link; the engine confirms the link next. */
  | { readonly kind: 'pairing-accepted'; readonly identity: LinkedIdentity }
  /** A handset answered and may not link; the engine tells it and closes. */
  | { readonly kind: 'pairing-refused'; readonly cause: PairingRefusal }
  | { readonly kind: 'paired'; readonly identity: LinkedIdentity }
  | { readonly kind: 'opened' }
  | { readonly kind: 'drained' }
  | { readonly kind: 'closed'; readonly close: EngineClose }
  /** The moment that `wakeAt` named has come. */
  | { readonly kind: 'time' };

/** An end of a session, remembered for a while so that repeats are seen. */
export interface Ended {
  readonly code: CauseCode;
  readonly at: number;
}

/** What a transition may know beside the state: time and chance as values, so that it stays pure. */
export interface Facts {
  readonly now: number;
  /** From 0 to 1. */
  readonly random: number;
  /** Credentials of a confirmed link are stored. */
  readonly linked: boolean;
  /** Oldest first, the last `MEMORY_MS` only. */
  readonly recent: readonly Ended[];
  /** When the present engine session began to open; null while there is none, or it waits for its turn. */
  readonly openSince: number | null;
  /** When the handset was last seen in use; null = never yet. */
  readonly primarySeenAt: number | null;
}

/** What the session does after the state is saved. `open` needs the former engine session to be gone. */
export type Effect =
  | { readonly do: 'open'; readonly purpose: 'pair' | 'login' }
  | { readonly do: 'close' }
  | { readonly do: 'unlink' }
  | { readonly do: 'resync' }
  | { readonly do: 'recycle-worker' };

export interface Transition {
  readonly state: PhoneState;
  readonly effects: readonly Effect[];
  readonly credentials: 'retire' | 'delete' | null;
  readonly ended: Ended | null;
  /** WhatsApp lets the phone send nothing until then. */
  readonly restrictedUntil: number | null;
  /** The account that linked, to be stored with the phone. */
  readonly identity: LinkedIdentity | null;
  /** True when the input meant nothing in this state. */
  readonly ignored: boolean;
}

/** A transition to a state; the rest as given, else nothing. */
export function transitionTo(state: PhoneState, more: Partial<Omit<Transition, 'state'>> = {}): Transition {
  const nothing = { effects: [], credentials: null, ended: null, restrictedUntil: null, identity: null } as const;
  return { ...nothing, ignored: false, ...more, state };
}
