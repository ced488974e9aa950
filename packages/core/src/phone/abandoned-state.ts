import { GRACE_MS } from './phone-ending.js';
import type { PhoneState } from './phone-state.js';

/**
 * What a phone shows when the node that ran it is gone and nobody has taken it yet: not ready at once, and no longer
 * connected after the grace time. Null when the stored state promises nothing.
 */
export function abandonedState(state: PhoneState, now: number): PhoneState | null {
  if (state.name === 'online' || state.name === 'syncing') {
    const { failures } = state;
    const connectedUntil = now + GRACE_MS;
    return { name: 'reconnecting', cause: 'moved', retryAt: null, connectedUntil, failures, since: now };
  }
  const isOver = state.name === 'reconnecting' && state.connectedUntil !== null && state.connectedUntil <= now;
  return isOver ? { ...state, connectedUntil: null } : null;
}
