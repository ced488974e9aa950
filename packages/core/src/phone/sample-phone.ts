import type { EngineClose } from '../engine/engine-close.js';
import type { LinkedIdentity } from '../engine/engine-port.js';
import type { PhoneNumber } from '../identity/jid.js';
import type { CauseCode } from './disconnect-cause.js';
import { type PublicPhone, phoneEvents } from './phone-events.js';
import type { Ended, Facts, PhoneInput, Transition } from './phone-input.js';
import { type PhoneView, projectPhone } from './phone-projection.js';
import type { PhoneState, StateName, StateOf } from './phone-state.js';
import { transition } from './phone-transition.js';

/** One phone of each kind at a fixed moment: what the tests and the printed page of its life start from. */

export const NOW = Date.UTC(2026, 5, 1);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const PERSON: LinkedIdentity = {
  number: '918527184400' as PhoneNumber,
  lid: null,
  device: 3,
  platform: 'android',
  isBusiness: false,
  name: 'Asha',
};

const attempt = { id: 'attempt', method: 'qr', startedAt: NOW - MINUTE } as const;
const starting: StateOf<'starting'> = {
  name: 'starting',
  purpose: 'login',
  next: null,
  cause: null,
  retryAt: null,
  failures: 0,
  since: NOW - 1_000,
  askedAt: NOW - 1_000,
};
const pairing = { name: 'pairing', cause: null, failures: 0, since: NOW - MINUTE, askedAt: NOW - MINUTE } as const;
const reconnecting: StateOf<'reconnecting'> = {
  name: 'reconnecting',
  cause: 'connection_lost',
  retryAt: NOW + 2_000,
  connectedUntil: NOW + 10_000,
  failures: 1,
  since: NOW - 5_000,
};

/** A phone in every situation that a state can be in. */
export const SAMPLES = {
  'off, created': { name: 'off', cause: 'created', since: NOW - HOUR },
  'off, QR ran out': { name: 'off', cause: 'qr_expired', since: NOW - HOUR },
  'off, deleted': { name: 'off', cause: 'deleted', since: NOW - HOUR },
  'starting, to pair': { ...starting, purpose: 'pair' },
  'starting, to pair again soon': { ...starting, purpose: 'pair', cause: 'network', retryAt: NOW + 2_000, failures: 1 },
  'starting, to log in': starting,
  'starting, first login of a link': { ...starting, next: 'pair' },
  'starting, to unlink and pair': { ...starting, purpose: 'unlink', next: 'pair', cause: 'reset' },
  'starting, to unlink and delete': { ...starting, purpose: 'unlink', next: 'delete', cause: 'deleted' },
  'pairing, QR': {
    ...pairing,
    attempt: { ...attempt, step: { kind: 'qr', qrCode: 'old code', expiresAt: NOW + 10_000 } },
  },
  'pairing, code': {
    ...pairing,
    attempt: { ...attempt, method: 'code', step: { kind: 'code', expiresAt: NOW + 10_000 } },
  },
  'pairing, finishing': {
    ...pairing,
    attempt: { ...attempt, step: { kind: 'finishing', identity: PERSON, expiresAt: NOW + MINUTE } },
  },
  syncing: { name: 'syncing', failures: 0, since: NOW - 1_000 },
  online: { name: 'online', failures: 0, since: NOW - HOUR },
  'online, handset asleep': { name: 'online', failures: 0, since: NOW - HOUR, handsetAsleep: true },
  'online, not stable yet': { name: 'online', failures: 3, since: NOW - 1_000 },
  'reconnecting, in grace': reconnecting,
  'reconnecting, announced': { ...reconnecting, connectedUntil: null, retryAt: NOW + MINUTE, failures: 5 },
  'reconnecting, opening': { ...reconnecting, retryAt: null },
  'reconnecting, opening, announced': { ...reconnecting, retryAt: null, connectedUntil: null },
  unlinked: { name: 'unlinked', cause: 'logged_out', since: NOW - HOUR },
  'halted, until': { name: 'halted', cause: 'temp_ban', until: NOW + HOUR, since: NOW - HOUR },
  'halted for good': { name: 'halted', cause: 'replaced_again', until: null, since: NOW - HOUR },
} as const satisfies Record<string, PhoneState>;

export type SampleName = keyof typeof SAMPLES;
export const SAMPLE_NAMES = Object.keys(SAMPLES) as readonly SampleName[];

const NEVER_LINKED: readonly StateName[] = ['off', 'pairing', 'unlinked'];

/** Whether credentials are stored in that situation. */
export function isLinkedIn(state: PhoneState): boolean {
  if (state.name === 'starting') return state.purpose !== 'pair';
  return !NEVER_LINKED.includes(state.name);
}

export function factsOf(state: PhoneState, more: Partial<Facts> = {}): Facts {
  const opening = state.name === 'starting' || state.name === 'reconnecting';
  const openSince = opening && state.retryAt === null ? NOW - 1_000 : null;
  return { now: NOW, random: 0.5, linked: isLinkedIn(state), recent: [], openSince, primarySeenAt: null, ...more };
}

/** The same ending so many times, the last one a second ago. */
export function endings(code: CauseCode, times: number, everyMs = 1_000): Ended[] {
  return Array.from({ length: times }, (_, index) => ({ code, at: NOW - (times - index) * everyMs }));
}

export function closed(close: EngineClose): PhoneInput {
  return { kind: 'closed', close };
}

export interface Step {
  readonly done: Transition;
  readonly view: PhoneView;
  /** Names of the events without their prefix. */
  readonly events: readonly string[];
}

/** One transition with everything that people see of it. */
export function step(state: PhoneState, input: PhoneInput, more: Partial<Facts> = {}): Step {
  const done = transition(state, input, factsOf(state, more));
  const events = phoneEvents(shown(state), shown(done.state)).map(({ name }) => name.replace('org.phone.', ''));
  return { done, view: projectPhone(done.state), events };
}

function shown(state: PhoneState): PublicPhone {
  const { qrCode, waState, ...rest } = projectPhone(state);
  return Object.assign(rest, { wa_state: waState, qr_code: qrCode, updated_at: '' });
}
