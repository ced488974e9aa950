import { type PairingAttempt, shiftAttempt } from '../pairing/pairing-attempt.js';
import type { CauseCode } from './disconnect-cause.js';

/** What people want of a phone, stored apart from where the phone is. */
export type Wanted = 'running' | 'stopped';

/** What an opening session is for. `unlink` opens only to tell WhatsApp to remove this device, then goes on to `next`. */
export type Purpose = 'pair' | 'login' | 'unlink';
export type AfterUnlink = 'pair' | 'delete';

/**
 * Where the phone is. Each state carries its own data; times are epoch milliseconds because the state is stored as JSON.
 * `retryAt` null: a session is being opened now; `connectedUntil`: the public side says CONNECTED until then, because a
 * blip or a move is not announced; `failures`: attempts since the last stable connection, which the backoff counts.
 * Every moment in a state is listed in `shiftState`.
 */
export type PhoneState =
  | { readonly name: 'off'; readonly cause: CauseCode; readonly since: number }
  | {
      readonly name: 'starting';
      readonly purpose: Purpose;
      /** After `unlink`; for the first login of a new link: what to do when WhatsApp does not know the link. */
      readonly next: AfterUnlink | null;
      readonly cause: CauseCode | null;
      readonly retryAt: number | null;
      readonly failures: number;
      readonly since: number;
      /** When people asked for this QR; a pairing that nobody watches ends. */
      readonly askedAt: number;
    }
  | {
      readonly name: 'pairing';
      readonly attempt: PairingAttempt;
      readonly cause: CauseCode | null;
      readonly failures: number;
      readonly since: number;
      readonly askedAt: number;
    }
  | { readonly name: 'syncing'; readonly failures: number; readonly since: number }
  | {
      readonly name: 'online';
      readonly failures: number;
      readonly since: number;
      /** Nobody has used the handset for so long that it may unlink us soon. */
      readonly handsetAsleep?: true;
      /** When the handset was last thought of; absent = when the phone came online. */
      readonly checkedAt?: number;
    }
  | {
      readonly name: 'reconnecting';
      readonly cause: CauseCode;
      readonly retryAt: number | null;
      readonly connectedUntil: number | null;
      readonly failures: number;
      readonly since: number;
    }
  | { readonly name: 'unlinked'; readonly cause: CauseCode; readonly since: number }
  | { readonly name: 'halted'; readonly cause: CauseCode; readonly until: number | null; readonly since: number };

export type StateName = PhoneState['name'];
export type StateOf<N extends StateName> = Extract<PhoneState, { name: N }>;

/** States in which a node must hold the phone although nobody asked for anything. */
export function needsOwner(state: PhoneState): boolean {
  return state.name !== 'off' && state.name !== 'unlinked' && !(state.name === 'halted' && state.until === null);
}

/** The same state after the wall clock was set: every moment moves along, so that waits keep their length. */
export function shiftState(state: PhoneState, ms: number): PhoneState {
  const since = state.since + ms;
  const later = (at: number | null) => (at === null ? null : at + ms);
  switch (state.name) {
    case 'off':
    case 'unlinked':
    case 'syncing':
      return { ...state, since };
    case 'online':
      return { ...state, since, ...(state.checkedAt !== undefined && { checkedAt: state.checkedAt + ms }) };
    case 'starting':
      return { ...state, since, retryAt: later(state.retryAt), askedAt: state.askedAt + ms };
    case 'pairing':
      return { ...state, since, attempt: shiftAttempt(state.attempt, ms), askedAt: state.askedAt + ms };
    case 'reconnecting':
      return { ...state, since, retryAt: later(state.retryAt), connectedUntil: later(state.connectedUntil) };
    case 'halted':
      return { ...state, since, until: later(state.until) };
  }
}
