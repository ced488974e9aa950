import type { LinkedIdentity } from '../engine/engine-port.js';
import type { CauseCode } from './disconnect-cause.js';
import { type Effect, type Facts, type Transition, transitionTo as to } from './phone-input.js';
import type { AfterUnlink, PhoneState, Purpose, StateOf } from './phone-state.js';

/** The moves that several transitions share. */

export function isLoggedIn(state: PhoneState): state is StateOf<'syncing'> | StateOf<'online'> {
  return state.name === 'syncing' || state.name === 'online';
}

export function isUnlinking(state: PhoneState): state is StateOf<'starting'> {
  return state.name === 'starting' && state.purpose === 'unlink';
}

/** WhatsApp unlinks us when the handset was not used for 14 days; people need some days to find it. */
const ASLEEP_AFTER_MS = 12 * 24 * 60 * 60_000;

/** Everything is here: the phone is ready. */
export function online(failures: number, since: number, facts: Facts): StateOf<'online'> {
  const isAsleep = facts.primarySeenAt !== null && facts.now - facts.primarySeenAt >= ASLEEP_AFTER_MS;
  const checked = since === facts.now ? {} : { checkedAt: facts.now };
  return { name: 'online', failures, since, ...checked, ...(isAsleep && { handsetAsleep: true }) };
}

export function starting(purpose: Purpose, next: AfterUnlink | null, facts: Facts): StateOf<'starting'> {
  const { now } = facts;
  const cause = purpose === 'unlink' ? unlinkCause(next) : null;
  return { name: 'starting', purpose, next, cause, retryAt: null, failures: 0, since: now, askedAt: now };
}

export function unlinkCause(next: AfterUnlink | null): CauseCode {
  return next === 'delete' ? 'deleted' : 'reset';
}

/** Opens again at once; the public side says CONNECTED until then, null = not at all. */
export function reopen(
  cause: CauseCode,
  connectedUntil: number | null,
  failures: number,
  facts: Facts,
  before: readonly Effect[] = [],
): Transition {
  const state = { name: 'reconnecting', cause, retryAt: null, connectedUntil, failures, since: facts.now } as const;
  return to(state, { effects: [...before, { do: 'open', purpose: 'login' }] });
}

/** A node goes on where another one ended. */
export function takeOver(connectedUntil: number | null, failures: number, facts: Facts): Transition {
  return reopen('moved', connectedUntil, failures, facts);
}

export function login(facts: Facts, before: readonly Effect[] = [], next: AfterUnlink | null = null): Transition {
  return to(starting('login', next, facts), { effects: [...before, { do: 'open', purpose: 'login' }] });
}

/** The engine that paired closes next; a first login of a link that WhatsApp does not know goes back to pairing. */
export function firstLogin(identity: LinkedIdentity, facts: Facts, effects: readonly Effect[] = []): Transition {
  return to(starting('login', 'pair', facts), { effects, identity });
}

export function pair(facts: Facts, cause: CauseCode | null, before: readonly Effect[] = []): Transition {
  return to({ ...starting('pair', null, facts), cause }, { effects: [...before, { do: 'open', purpose: 'pair' }] });
}

/** WhatsApp was told to remove us, or could not be told in time. */
export function afterUnlink(next: AfterUnlink, facts: Facts, credentials: 'retire' | null): Transition {
  if (next === 'pair') return { ...pair(facts, 'reset', [{ do: 'close' }]), credentials };
  const deleted = { name: 'off', cause: 'deleted', since: facts.now } as const;
  return to(deleted, { effects: [{ do: 'close' }], credentials: 'delete' });
}

/** Closed until somebody starts it. Whatever credentials are left belong to no link. */
export function goOff(cause: CauseCode, facts: Facts): Transition {
  return to({ name: 'off', cause, since: facts.now }, { credentials: 'retire' });
}

export function closing(done: Transition): Transition {
  return { ...done, effects: [{ do: 'close' }, ...done.effects] };
}

export function ignore(state: PhoneState): Transition {
  return to(state, { ignored: true });
}
