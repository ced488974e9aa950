import type { EngineClose } from '../engine/engine-close.js';
import { type CauseCode, causeRow } from './disconnect-cause.js';
import { type Effect, type Facts, type Transition, transitionTo } from './phone-input.js';
import type { PhoneState, StateOf } from './phone-state.js';
import { delayMs, escalated, failuresOf } from './repeated-ending.js';

/** An unexpected drop is not announced for this long. */
export const GRACE_MS = 15_000;
/** A longer ban than this is a number that we do not understand. */
const LONGEST_BAN_MS = 365 * 24 * 60 * 60_000;
const PAIRING_TRIES = 5;
/** Nobody watches a QR code that comes later than this. */
const PAIRING_PATIENCE_MS = 60_000;

/** Applies the rule of a cause to a phone that was linked when its session ended. */
export function ended(state: PhoneState, code: CauseCode, close: EngineClose | null, facts: Facts): Transition {
  // A linked phone has nothing to end by itself: an engine that says so has lost its way.
  if (causeRow(code).rule.do === 'rest') return ended(state, 'engine_fault', close, facts);
  const final = escalated(code, state, facts);
  const { rule } = causeRow(final);
  const since = facts.now;
  // A spent budget says how long to wait; the cause itself is what the diary and the next repeat want to know.
  const ending = { code: final === 'budget_spent' ? code : final, at: facts.now };
  switch (rule.do) {
    case 'retire':
      return transitionTo({ name: 'unlinked', cause: final, since }, { ended: ending, credentials: 'retire' });
    case 'halt': {
      const until = banEnd(close, facts) ?? (rule.forMs === null ? null : facts.now + rule.forMs);
      const restrictedUntil = final === 'temp_ban' ? until : null;
      return transitionTo({ name: 'halted', cause: final, until, since }, { ended: ending, restrictedUntil });
    }
    case 'rest':
    case 'backoff':
    case 'ladder':
      return { ...reopening(state, final, facts), ended: ending };
  }
}

function reopening(state: PhoneState, cause: CauseCode, facts: Facts): Transition {
  const delay = delayMs(cause, state, facts);
  const next: StateOf<'reconnecting'> = {
    name: 'reconnecting',
    cause,
    retryAt: delay === 0 ? null : facts.now + delay,
    connectedUntil: causeRow(cause).grace ? stillConnectedUntil(state, facts) : null,
    failures: failuresOf(state) + 1,
    since: state.name === 'reconnecting' ? state.since : facts.now,
  };
  const effects: Effect[] = [];
  if (next.retryAt === null) effects.push({ do: 'open', purpose: 'login' });
  if (cause === 'deaf_again') effects.push({ do: 'recycle-worker' });
  return transitionTo(next, { effects });
}

function stillConnectedUntil(state: PhoneState, facts: Facts): number | null {
  if (state.name === 'online' || state.name === 'syncing') return facts.now + GRACE_MS;
  return state.name === 'reconnecting' ? state.connectedUntil : null;
}

/** WhatsApp says in seconds how long a temporary ban lasts; some minutes are added so that nobody knocks on the second. */
function banEnd(close: EngineClose | null, facts: Facts): number | null {
  if (close?.source !== 'failure' || close.code !== 402) return null;
  const ms = Number(close.attrs.expire) * 1_000;
  if (!Number.isFinite(ms) || ms <= 0) return null;
  return facts.now + Math.min(ms, LONGEST_BAN_MS) + Math.round((1 + 9 * facts.random) * 60_000);
}

/** Applies the rule of a cause to a pairing: there is no link to keep, and nobody waits longer than a few tries. */
export function pairingEnded(
  state: StateOf<'starting'> | StateOf<'pairing'>,
  code: CauseCode,
  facts: Facts,
): Transition {
  const { rule } = causeRow(code);
  const ending = { code, at: facts.now };
  // Without a link there is nothing to come back to: a halt only tells why, until somebody restarts.
  if (rule.do === 'halt' && (rule.forMs === null || code === 'temp_ban')) {
    return transitionTo({ name: 'halted', cause: code, until: null, since: facts.now }, { ended: ending });
  }
  const delay = Math.max(delayMs(code, state, facts), rule.do === 'ladder' ? SHORTEST_PAUSE_MS : 0);
  const final = rule.do === 'rest' || rule.do === 'retire' || state.failures + 1 >= PAIRING_TRIES;
  if (final || delay > PAIRING_PATIENCE_MS) {
    return transitionTo({ name: 'off', cause: standing(code), since: facts.now }, { ended: ending });
  }
  const next: StateOf<'starting'> = {
    name: 'starting',
    purpose: 'pair',
    next: null,
    cause: code,
    retryAt: facts.now + delay,
    failures: state.failures + 1,
    since: facts.now,
    askedAt: state.askedAt,
  };
  return transitionTo(next, { ended: ending });
}

const SHORTEST_PAUSE_MS = 2_000;

/** A cause whose sentence promises another attempt cannot stand for a phone that makes none. */
function standing(code: CauseCode): CauseCode {
  return causeRow(code).status === 'reconnecting' ? 'pairing_failed' : code;
}
