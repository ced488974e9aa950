import type { EngineClose } from '../engine/engine-close.js';
import { type CauseCode, causeRow } from './disconnect-cause.js';
import type { Ended, Facts, Transition } from './phone-input.js';
import type { PhoneState, StateOf } from './phone-state.js';

/** An unexpected drop is not announced for this long. */
export const GRACE_MS = 15_000;
const HOUR_MS = 60 * 60_000;
/** Attempts in an hour after which a phone is tried only every 15 minutes. */
const HOURLY_BUDGET = 30;
const BACKOFF_FIRST_MS = 2_000;
const BACKOFF_MOST_MS = 300_000;
const PAIRING_TRIES = 5;

/** Applies the rule of a cause to a phone that was linked when its session ended. */
export function ended(state: PhoneState, code: CauseCode, close: EngineClose | null, facts: Facts): Transition {
  const final = escalated(code, facts);
  const { rule } = causeRow(final);
  const ending: Ended = { code: final === 'budget_spent' ? code : final, at: facts.now };
  const base = { credentials: null, ended: ending, restrictedUntil: null, ignored: false } as const;
  switch (rule.do) {
    case 'retire':
      return {
        ...base,
        state: { name: 'unlinked', cause: final, since: facts.now },
        effects: [],
        credentials: 'retire',
      };
    case 'halt': {
      const until = banEnd(close, facts) ?? (rule.forMs === null ? null : facts.now + rule.forMs);
      const restrictedUntil = final === 'temp_ban' ? until : null;
      return {
        ...base,
        state: { name: 'halted', cause: final, until, since: facts.now },
        effects: [],
        restrictedUntil,
      };
    }
    case 'rest':
      return { ...base, state: { name: 'off', cause: final, since: facts.now }, effects: [] };
    case 'backoff':
    case 'ladder': {
      const retryAt = facts.now + delayMs(final, state, facts);
      const atOnce = retryAt <= facts.now;
      const next: StateOf<'reconnecting'> = {
        name: 'reconnecting',
        cause: final,
        retryAt: atOnce ? null : retryAt,
        connectedUntil: causeRow(final).grace ? stillConnectedUntil(state, facts) : null,
        failures: failuresOf(state) + 1,
        since: facts.now,
        triedAt: facts.now,
      };
      const effects = atOnce ? ([{ do: 'open', purpose: 'login' }] as const) : [];
      const recycle = final === 'deaf_again' ? ([{ do: 'recycle-worker' }] as const) : [];
      return { ...base, state: next, effects: [...effects, ...recycle] };
    }
  }
}

/** Applies the rule of a cause to a pairing: there is no link to keep, and nobody waits longer than a few tries. */
export function pairingEnded(
  state: StateOf<'starting'> | StateOf<'pairing'>,
  code: CauseCode,
  facts: Facts,
): Transition {
  const { rule } = causeRow(code);
  const base = {
    effects: [],
    credentials: null,
    ended: { code, at: facts.now },
    restrictedUntil: null,
    ignored: false,
  } as const;
  // Without a link there is nothing to come back to: a halt only tells why, until somebody restarts.
  if (rule.do === 'halt') return { ...base, state: { name: 'halted', cause: code, until: null, since: facts.now } };
  const failures = state.name === 'starting' ? state.failures : 0;
  if (rule.do === 'rest' || rule.do === 'retire' || failures + 1 >= PAIRING_TRIES) {
    return { ...base, state: { name: 'off', cause: code, since: facts.now } };
  }
  const { askedAt } = state;
  const retryAt = facts.now + backoffMs(failures, facts.random);
  return {
    ...base,
    state: {
      name: 'starting',
      purpose: 'pair',
      next: null,
      cause: code,
      retryAt,
      failures: failures + 1,
      since: facts.now,
      askedAt,
    },
  };
}

function escalated(code: CauseCode, facts: Facts): CauseCode {
  const { escalate, rule } = causeRow(code);
  if (escalate && repeats(code, escalate.withinMs, facts) + 1 >= escalate.times) return escalate.to;
  if (rule.do === 'backoff' && facts.recent.length + 1 > HOURLY_BUDGET) return 'budget_spent';
  return code;
}

function repeats(code: CauseCode, withinMs: number, facts: Facts): number {
  return facts.recent.filter((one) => one.code === code && one.at > facts.now - withinMs).length;
}

function delayMs(code: CauseCode, state: PhoneState, facts: Facts): number {
  const { rule } = causeRow(code);
  if (rule.do === 'ladder') {
    const step = Math.min(repeats(code, HOUR_MS, facts), rule.delaysMs.length - 1);
    return rule.delaysMs[step] ?? 0;
  }
  const floorMs = rule.do === 'backoff' ? rule.floorMs : 0;
  return Math.max(floorMs, backoffMs(failuresOf(state), facts.random));
}

/** Full of jitter, so that phones that fell together do not come back together. */
function backoffMs(failures: number, random: number): number {
  return Math.round((0.5 + random / 2) * Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 20)));
}

function failuresOf(state: PhoneState): number {
  return 'failures' in state ? state.failures : 0;
}

function stillConnectedUntil(state: PhoneState, facts: Facts): number | null {
  if (state.name === 'online' || state.name === 'syncing') return facts.now + GRACE_MS;
  return state.name === 'reconnecting' ? state.connectedUntil : null;
}

/** WhatsApp says in seconds how long a temporary ban lasts; some minutes are added so that nobody knocks on the second. */
function banEnd(close: EngineClose | null, facts: Facts): number | null {
  if (close?.source !== 'failure') return null;
  const seconds = Number(close.attrs.expire);
  if (!Number.isFinite(seconds) || seconds <= 0) return null;
  return facts.now + seconds * 1_000 + Math.round((1 + 9 * facts.random) * 60_000);
}
