import type { PhoneState } from './phone-state.js';

/** A session counts as stable after this long online; only then the backoff starts anew. */
export const STABLE_MS = 60_000;
/** The engine has its own deadline for opening; this one is for an engine that forgot it. */
export const OPEN_LIMIT_MS = 90_000;
/** How often an online phone thinks of its handset. */
const HANDSET_CHECK_MS = 6 * 60 * 60_000;
const UNLINK_LIMIT_MS = 20_000;
const SYNC_LIMIT_MS = 10 * 60_000;
const PAIRING_SLACK_MS = 30_000;

/**
 * When the session must look again although nothing happens; null = never. Every state that moves has such a moment,
 * but for one: while the phone waits for its turn to open (`openSince` null) the limiter of the fleet calls it.
 */
export function wakeAt(state: PhoneState, openSince: number | null): number | null {
  switch (state.name) {
    case 'off':
    case 'unlinked':
      return null;
    case 'starting':
      if (state.retryAt !== null) return state.retryAt;
      // People wait for the end of an unlink, so it ends also when its turn never comes.
      return state.purpose === 'unlink' ? state.since + UNLINK_LIMIT_MS : openLimit(state.since, openSince);
    case 'pairing': {
      const { step, startedAt } = state.attempt;
      return 'expiresAt' in step ? step.expiresAt + PAIRING_SLACK_MS : startedAt + OPEN_LIMIT_MS;
    }
    case 'syncing':
      return state.since + SYNC_LIMIT_MS;
    case 'online':
      if (state.failures > 0) return state.since + STABLE_MS;
      return (state.checkedAt ?? state.since) + HANDSET_CHECK_MS;
    case 'reconnecting':
      return earlier(state.retryAt ?? openLimit(state.since, openSince), state.connectedUntil);
    case 'halted':
      return state.until;
  }
}

function openLimit(since: number, openSince: number | null): number | null {
  return openSince === null ? null : Math.max(since, openSince) + OPEN_LIMIT_MS;
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
