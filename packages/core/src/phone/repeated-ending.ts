import { type CauseCode, causeRow, type Rule } from './disconnect-cause.js';
import type { Ended, Facts } from './phone-input.js';
import type { PhoneState } from './phone-state.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How long an ending is remembered: a ladder of hours needs its last steps. */
export const MEMORY_MS = 6 * HOUR_MS;
/** Attempts in an hour after which a phone is tried only every 15 minutes. */
export const HOURLY_BUDGET = 30;
const BUDGET_PAUSE_MS = 15 * MINUTE_MS;
const BACKOFF_FIRST_MS = 2_000;
const BACKOFF_MOST_MS = 300_000;

/** Ends of a pairing by people; they are no attempts of ours. */
const BY_PEOPLE: readonly CauseCode[] = ['qr_expired', 'wrong_number', 'duplicate_number'];

/** What an ending becomes when it repeats: another cause, or the end of the hour's budget. */
export function escalated(code: CauseCode, state: PhoneState, facts: Facts): CauseCode {
  const { escalate, rule } = causeRow(code);
  if (escalate !== undefined) {
    const family = [code, escalate.to];
    const before = escalate.withinMs === null ? sinceStable(state, facts) : within(escalate.withinMs, facts);
    const times = before.filter((one) => family.includes(one.code)).length + 1;
    if (times >= escalate.times) return escalated(escalate.to, state, facts);
  }
  return opensSoon(rule) && budgetSpent(facts) ? 'budget_spent' : code;
}

/** Milliseconds until the next attempt. */
export function delayMs(code: CauseCode, state: PhoneState, facts: Facts): number {
  const { rule } = causeRow(code);
  if (rule.do === 'ladder') {
    const step = sinceStable(state, facts).filter((one) => one.code === code).length;
    return rule.delaysMs[Math.min(step, rule.delaysMs.length - 1)] ?? 0;
  }
  const floorMs = rule.do === 'backoff' ? rule.floorMs : 0;
  return Math.max(floorMs, backoffMs(failuresOf(state), facts.random));
}

/** Attempts since the last stable connection. */
export function failuresOf(state: PhoneState): number {
  return 'failures' in state ? state.failures : 0;
}

/** Full of jitter, so that phones that fell together do not come back together. */
function backoffMs(failures: number, random: number): number {
  return Math.round((0.5 + random / 2) * Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 20)));
}

function within(ms: number, facts: Facts): readonly Ended[] {
  return facts.recent.filter(({ at }) => at > facts.now - ms);
}

function sinceStable(state: PhoneState, facts: Facts): readonly Ended[] {
  const failures = failuresOf(state);
  return failures === 0 ? [] : facts.recent.slice(-failures);
}

function budgetSpent(facts: Facts): boolean {
  return within(HOUR_MS, facts).filter(({ code }) => !BY_PEOPLE.includes(code)).length >= HOURLY_BUDGET;
}

/** True when the rule opens again by itself, more often than a phone without budget may. */
function opensSoon(rule: Rule): boolean {
  switch (rule.do) {
    case 'backoff':
      return true;
    case 'ladder':
      return rule.delaysMs.some((ms) => ms < BUDGET_PAUSE_MS);
    case 'halt':
      return rule.forMs !== null && rule.forMs < BUDGET_PAUSE_MS;
    case 'retire':
    case 'rest':
      return false;
  }
}
