import type { EngineClose } from '../engine/engine-close.js';
import { type CauseCode, causeOf } from './disconnect-cause.js';
import { ended, GRACE_MS, pairingEnded } from './phone-ending.js';
import type { Effect, Facts, PhoneInput, Transition } from './phone-input.js';
import type { AfterUnlink, PhoneState, StateOf } from './phone-state.js';

/** A QR that nobody watches is not offered again after a crash. */
export const PAIRING_MEMORY_MS = 10 * 60_000;
/** A session counts as stable after this long online; only then the backoff starts anew. */
export const STABLE_MS = 60_000;
/** Wrong handsets in an hour before the QR stays away. */
const PAIRING_REFUSALS = 5;

/** The whole life of a phone: pure, total, and without a clock of its own. An input without meaning changes nothing. */
export function transition(state: PhoneState, input: PhoneInput, facts: Facts): Transition {
  if (input.kind === 'command') return onCommand(state, input.command, facts);
  if (input.kind === 'claimed') return onClaimed(state, facts);
  switch (state.name) {
    case 'starting':
      return state.purpose === 'pair' ? inPairStart(state, input, facts) : inStart(state, input, facts);
    case 'pairing':
      return inPairing(state, input, facts);
    case 'syncing':
      return inSyncing(state, input, facts);
    case 'online':
      return inOnline(state, input, facts);
    case 'reconnecting':
      return inReconnecting(state, input, facts);
    case 'halted':
      return inHalted(state, input, facts);
    case 'off':
    case 'unlinked':
      return ignore(state);
  }
}

type EngineInput = Exclude<PhoneInput, { kind: 'command' } | { kind: 'claimed' }>;

function onClaimed(state: PhoneState, facts: Facts): Transition {
  switch (state.name) {
    case 'off':
    case 'unlinked':
    case 'halted':
      return ignore(state);
    case 'pairing':
      return resumePairing(state.askedAt, facts);
    case 'starting':
      if (state.purpose === 'pair') return resumePairing(state.askedAt, facts);
      if (state.purpose === 'unlink') return unlinkThen(state.next ?? 'pair', facts);
      return facts.linked ? login(facts) : goOff('logged_out', facts);
    case 'reconnecting':
      // A standing refusal keeps its waiting time over a restart of ours; a mere drop is tried at once.
      if (state.retryAt !== null && state.retryAt > facts.now && state.connectedUntil === null) return ignore(state);
      return facts.linked ? takeOver(state.connectedUntil, state.failures, facts) : goOff('logged_out', facts);
    case 'syncing':
    case 'online':
      return facts.linked ? takeOver(facts.now + GRACE_MS, state.failures, facts) : goOff('logged_out', facts);
  }
}

function onCommand(
  state: PhoneState,
  command: (PhoneInput & { kind: 'command' })['command'],
  facts: Facts,
): Transition {
  switch (command) {
    case 'start':
      return isOpen(state) ? ignore(state) : openAgain(state, facts);
    case 'restart':
      return openAgain(state, facts);
    case 'resync':
      return isLoggedIn(state) ? to(state, [{ do: 'resync' }]) : ignore(state);
    case 'reset':
      return forgetLink(state, 'pair', facts);
    case 'delete':
      return forgetLink(state, 'delete', facts);
  }
}

function openAgain(state: PhoneState, facts: Facts): Transition {
  if (state.name === 'starting' && state.purpose === 'unlink') return ignore(state);
  if (!facts.linked) return pair(facts, null, [{ do: 'close' }]);
  if (!isLoggedIn(state) && state.name !== 'reconnecting') return login(facts, [{ do: 'close' }]);
  const said = state.name === 'reconnecting' ? state.connectedUntil : facts.now + GRACE_MS;
  const next = reconnecting('restart_asked', said, 0, facts);
  return to(next, [{ do: 'close' }, { do: 'open', purpose: 'login' }]);
}

function forgetLink(state: PhoneState, next: AfterUnlink, facts: Facts): Transition {
  if (!facts.linked) return afterUnlink(next, facts, null);
  const unlinking = starting('unlink', next, facts);
  if (isLoggedIn(state)) return to(unlinking, [{ do: 'unlink' }]);
  return to(unlinking, [{ do: 'close' }, { do: 'open', purpose: 'login' }]);
}

/** Waiting for the first code of a pairing. */
function inPairStart(state: StateOf<'starting'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'qr-offered':
    case 'code-offered':
    case 'pairing-refused':
    case 'paired': {
      const attempt = { id: String(facts.now), method: 'qr', step: { kind: 'waiting' }, startedAt: facts.now } as const;
      const { cause, askedAt } = state;
      return inPairing({ name: 'pairing', attempt, cause, since: facts.now, askedAt }, input, facts);
    }
    case 'closed':
      return pairingEnded(state, causeOf(input.close), facts);
    case 'time':
      if (state.retryAt !== null) return to({ ...state, retryAt: null }, [{ do: 'open', purpose: 'pair' }]);
      return closing(pairingEnded(state, 'connect_timeout', facts));
    default:
      return ignore(state);
  }
}

function inPairing(state: StateOf<'pairing'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'qr-offered': {
      const step = { kind: 'qr', qrCode: input.qrCode, expiresAt: input.expiresAt } as const;
      return to({ ...state, attempt: { ...state.attempt, method: 'qr', step } });
    }
    case 'code-offered': {
      const step = { kind: 'code', expiresAt: input.expiresAt } as const;
      return to({ ...state, attempt: { ...state.attempt, method: 'code', step } });
    }
    case 'pairing-refused':
      return refused(input.cause, facts);
    case 'paired':
      return to(starting('login', null, facts));
    case 'closed':
      return pairingEnded(state, causeOf(input.close), facts);
    case 'time':
      return closing(pairingEnded(state, 'qr_expired', facts));
    default:
      return ignore(state);
  }
}

/** Logging in for the first time since the link or a stop, or only to unlink. */
function inStart(state: StateOf<'starting'>, input: EngineInput, facts: Facts): Transition {
  const unlinking = state.purpose === 'unlink';
  switch (input.kind) {
    case 'opened':
      return unlinking ? to(state, [{ do: 'unlink' }]) : to(connected('syncing', 0, facts));
    case 'closed':
      if (unlinking) return afterUnlink(state.next ?? 'pair', facts, 'retire');
      return startEnded(state, input.close, facts);
    case 'time':
      if (unlinking) return closing(afterUnlink(state.next ?? 'pair', facts, 'retire'));
      return closing(ended(state, 'connect_timeout', null, facts));
    default:
      return ignore(state);
  }
}

/** The reconnect that ends every pairing is part of starting and no drop. */
function startEnded(state: StateOf<'starting'>, close: EngineClose, facts: Facts): Transition {
  const done = ended(state, causeOf(close), close, facts);
  return done.ended?.code === 'restart_required' ? { ...done, state: { ...state, since: facts.now } } : done;
}

function inSyncing(state: StateOf<'syncing'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'drained':
      return to(connected('online', state.failures, facts));
    case 'closed':
      return ended(state, causeOf(input.close), input.close, facts);
    case 'time':
      return closing(ended(state, 'connect_timeout', null, facts));
    default:
      return ignore(state);
  }
}

function inOnline(state: StateOf<'online'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'closed':
      return ended(state, causeOf(input.close), input.close, facts);
    case 'time':
      return to({ ...state, failures: 0 });
    default:
      return ignore(state);
  }
}

function inReconnecting(state: StateOf<'reconnecting'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'opened':
      return to(connected('syncing', state.failures, facts));
    case 'closed':
      return ended(state, causeOf(input.close), input.close, facts);
    case 'time':
      return onReconnectTime(state, facts);
    default:
      return ignore(state);
  }
}

function onReconnectTime(state: StateOf<'reconnecting'>, facts: Facts): Transition {
  const announced = state.connectedUntil !== null && state.connectedUntil <= facts.now;
  const next = announced ? { ...state, connectedUntil: null } : state;
  if (state.retryAt !== null && state.retryAt <= facts.now) {
    return to({ ...next, retryAt: null, triedAt: facts.now }, [{ do: 'open', purpose: 'login' }]);
  }
  if (state.retryAt === null && state.triedAt + OPEN_LIMIT_MS <= facts.now) {
    return closing(ended(next, 'connect_timeout', null, facts));
  }
  return to(next);
}

function inHalted(state: StateOf<'halted'>, input: EngineInput, facts: Facts): Transition {
  if (input.kind !== 'time') return ignore(state);
  if (!facts.linked) return goOff(state.cause, facts);
  return to(reconnecting(state.cause, null, 0, facts), [{ do: 'open', purpose: 'login' }]);
}

/** The engine has its own deadline for opening; this one is for an engine that forgot it. */
const OPEN_LIMIT_MS = 90_000;
const UNLINK_LIMIT_MS = 20_000;
const SYNC_LIMIT_MS = 10 * 60_000;
const PAIRING_SLACK_MS = 30_000;

/** When the session must look again although nothing happens; null = never. Every moving state has such a moment. */
export function wakeAt(state: PhoneState): number | null {
  switch (state.name) {
    case 'off':
    case 'unlinked':
      return null;
    case 'starting':
      return state.retryAt ?? state.since + (state.purpose === 'unlink' ? UNLINK_LIMIT_MS : OPEN_LIMIT_MS);
    case 'pairing': {
      const { step, startedAt } = state.attempt;
      return ('expiresAt' in step ? step.expiresAt : startedAt + OPEN_LIMIT_MS) + PAIRING_SLACK_MS;
    }
    case 'syncing':
      return state.since + SYNC_LIMIT_MS;
    case 'online':
      return state.failures === 0 ? null : state.since + STABLE_MS;
    case 'reconnecting':
      return Math.min(state.retryAt ?? state.triedAt + OPEN_LIMIT_MS, state.connectedUntil ?? Number.POSITIVE_INFINITY);
    case 'halted':
      return state.until;
  }
}

function isLoggedIn(state: PhoneState): state is StateOf<'syncing'> | StateOf<'online'> {
  return state.name === 'syncing' || state.name === 'online';
}

function isOpen(state: PhoneState): boolean {
  return isLoggedIn(state) || state.name === 'starting' || state.name === 'pairing' || state.name === 'reconnecting';
}

function connected(name: 'syncing' | 'online', failures: number, facts: Facts): PhoneState {
  return { name, failures, since: facts.now };
}

function starting(purpose: StateOf<'starting'>['purpose'], next: AfterUnlink | null, facts: Facts) {
  const { now } = facts;
  return {
    name: 'starting',
    purpose,
    next,
    cause: null,
    retryAt: null,
    failures: 0,
    since: now,
    askedAt: now,
  } as const;
}

function reconnecting(cause: CauseCode, connectedUntil: number | null, failures: number, facts: Facts): PhoneState {
  const { now } = facts;
  return { name: 'reconnecting', cause, retryAt: null, connectedUntil, failures, since: now, triedAt: now };
}

function login(facts: Facts, before: readonly Effect[] = []): Transition {
  return to(starting('login', null, facts), [...before, { do: 'open', purpose: 'login' }]);
}

function pair(facts: Facts, cause: CauseCode | null, before: readonly Effect[] = []): Transition {
  return to({ ...starting('pair', null, facts), cause }, [...before, { do: 'open', purpose: 'pair' }]);
}

function resumePairing(askedAt: number, facts: Facts): Transition {
  if (facts.linked) return login(facts);
  if (facts.now - askedAt > PAIRING_MEMORY_MS) return goOff('qr_expired', facts);
  return to({ ...starting('pair', null, facts), askedAt }, [{ do: 'open', purpose: 'pair' }]);
}

function takeOver(connectedUntil: number | null, failures: number, facts: Facts): Transition {
  return to(reconnecting('moved', connectedUntil, failures, facts), [{ do: 'open', purpose: 'login' }]);
}

function unlinkThen(next: AfterUnlink, facts: Facts): Transition {
  if (!facts.linked) return afterUnlink(next, facts, null);
  return to(starting('unlink', next, facts), [{ do: 'open', purpose: 'login' }]);
}

/** WhatsApp was told to remove us, or could not be told in time. */
function afterUnlink(next: AfterUnlink, facts: Facts, credentials: 'retire' | null): Transition {
  if (next === 'pair') return { ...pair(facts, 'reset', [{ do: 'close' }]), credentials };
  return { ...to({ name: 'off', cause: 'deleted', since: facts.now }, [{ do: 'close' }]), credentials: 'delete' };
}

function refused(cause: 'wrong_number' | 'duplicate_number', facts: Facts): Transition {
  const ending = { code: cause, at: facts.now };
  const before = facts.recent.filter(({ code }) => code === 'wrong_number' || code === 'duplicate_number').length;
  if (before + 1 >= PAIRING_REFUSALS) return { ...closing(goOff(cause, facts)), ended: ending };
  return { ...pair(facts, cause, [{ do: 'close' }]), ended: ending };
}

/** Closed until somebody starts it. Whatever credentials are left belong to no link. */
function goOff(cause: CauseCode, facts: Facts): Transition {
  return { ...to({ name: 'off', cause, since: facts.now }), credentials: 'retire' };
}

function closing(done: Transition): Transition {
  return { ...done, effects: [{ do: 'close' }, ...done.effects] };
}

function to(state: PhoneState, effects: readonly Effect[] = []): Transition {
  return { state, effects, credentials: null, ended: null, restrictedUntil: null, ignored: false };
}

function ignore(state: PhoneState): Transition {
  return { ...to(state), ignored: true };
}
