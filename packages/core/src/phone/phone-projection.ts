import { liveQrCode } from '../pairing/pairing-attempt.js';
import { type CauseCode, causeRow, type UserAction } from './disconnect-cause.js';
import type { PhoneState } from './phone-state.js';

/** What the public side says of a phone. A pure function of the state, so that two readers never disagree. */
export interface PhoneView {
  readonly waState: 'CONNECTED' | 'DISCONNECTED';
  /** A worker runs a session for the phone; when false, a restart opens one. */
  readonly isBrowserOpen: boolean;
  readonly isReady: boolean;
  readonly qrCode: string | null;
  readonly status: PhoneStatus;
  readonly reasonCode: CauseCode | null;
  readonly reason: string | null;
  readonly userAction: UserAction;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly nextAttemptAt: number | null;
}

export const PHONE_STATUSES = [
  'connecting',
  'syncing',
  'ready',
  'qr',
  'reconnecting',
  'restricted',
  'banned',
  'logged_out',
  'replaced',
  'outdated',
  'error',
  'stopped',
] as const;
export type PhoneStatus = (typeof PHONE_STATUSES)[number];

const HANDSET_ASLEEP =
  'The handset has not been used for 12 days. Open WhatsApp on it: after 14 days it unlinks its linked devices.';

/** Shows a state to the public. `restricted` tells that WhatsApp limits what the phone may send. */
export function projectPhone(state: PhoneState, restricted = false): PhoneView {
  const base = {
    waState: 'DISCONNECTED' as const,
    isBrowserOpen: true,
    isReady: false,
    qrCode: null,
    reasonCode: null,
    reason: null,
    userAction: 'none' as const,
    since: state.since,
    nextAttemptAt: null,
  };
  switch (state.name) {
    case 'off':
    case 'unlinked':
      return { ...base, ...told(state.cause), isBrowserOpen: false };
    case 'halted':
      return { ...base, ...told(state.cause), isBrowserOpen: false, nextAttemptAt: state.until };
    case 'starting':
      return {
        ...base,
        ...(state.cause !== null && told(state.cause)),
        status: 'connecting',
        userAction: state.cause === null ? 'none' : beforeTheCode(causeRow(state.cause).userAction),
        nextAttemptAt: state.retryAt,
      };
    case 'pairing': {
      const isAnswered = state.attempt.step.kind === 'finishing';
      return {
        ...base,
        ...(state.cause !== null && told(state.cause)),
        status: isAnswered ? 'connecting' : 'qr',
        userAction: isAnswered ? 'none' : 'scan_qr',
        qrCode: liveQrCode(state.attempt),
      };
    }
    case 'syncing':
      return { ...base, waState: 'CONNECTED', status: 'syncing' };
    case 'online':
      return {
        ...base,
        waState: 'CONNECTED',
        isReady: true,
        status: restricted ? 'restricted' : 'ready',
        ...(state.handsetAsleep && { reason: HANDSET_ASLEEP, userAction: 'open_phone' as const }),
      };
    case 'reconnecting':
      return {
        ...base,
        ...told(state.cause),
        waState: state.connectedUntil === null ? 'DISCONNECTED' : 'CONNECTED',
        nextAttemptAt: state.retryAt,
      };
  }
}

/** Nobody can scan what is not offered yet. */
function beforeTheCode(action: UserAction): UserAction {
  return action === 'scan_qr' ? 'none' : action;
}

function told(code: CauseCode) {
  const { status, sentence, userAction } = causeRow(code);
  return { status, reasonCode: code, reason: sentence, userAction };
}
