import { GRACE_MS } from './phone-ending.js';
import type { Facts, Transition } from './phone-input.js';
import { transitionTo as to } from './phone-input.js';
import { afterUnlink, firstLogin, goOff, ignore, login, starting, takeOver } from './phone-moves.js';
import type { AfterUnlink, PhoneState, StateOf } from './phone-state.js';

/** A QR that nobody watches is not offered again after a crash. */
export const PAIRING_MEMORY_MS = 10 * 60_000;
/** No rule waits longer, so a stored moment beyond it comes from a clock that was wrong. */
const LONGEST_WAIT_MS = 60 * 60_000;

/** This node has taken the phone: standing causes hold, and what moved is begun anew. */
export function onClaimed(state: PhoneState, facts: Facts): Transition {
  switch (state.name) {
    case 'off':
    case 'unlinked':
    case 'halted':
      return ignore(state);
    case 'pairing': {
      const { step } = state.attempt;
      if (!facts.linked || step.kind !== 'finishing') return resumePairing(state.askedAt, facts);
      return firstLogin(step.identity, facts, [{ do: 'open', purpose: 'login' }]);
    }
    case 'starting':
      if (state.purpose === 'pair') return resumePairing(state.askedAt, facts);
      if (state.purpose === 'unlink') return resumeUnlink(state.next ?? 'pair', facts);
      return facts.linked ? login(facts, [], state.next) : goOff('logged_out', facts);
    case 'reconnecting':
      return facts.linked ? resumeReconnecting(state, facts) : goOff('logged_out', facts);
    case 'syncing':
    case 'online':
      return facts.linked ? takeOver(facts.now + GRACE_MS, state.failures, facts) : goOff('logged_out', facts);
  }
}

function resumePairing(askedAt: number, facts: Facts): Transition {
  if (facts.linked) return login(facts, [], 'pair');
  if (facts.now - askedAt > PAIRING_MEMORY_MS) return goOff('qr_expired', facts);
  return to({ ...starting('pair', null, facts), askedAt }, { effects: [{ do: 'open', purpose: 'pair' }] });
}

function resumeUnlink(next: AfterUnlink, facts: Facts): Transition {
  if (!facts.linked) return afterUnlink(next, facts, null);
  return to(starting('unlink', next, facts), { effects: [{ do: 'open', purpose: 'login' }] });
}

/** Whoever takes over knocks no earlier than the node before would have. */
function resumeReconnecting(state: StateOf<'reconnecting'>, facts: Facts): Transition {
  const { retryAt, connectedUntil, failures } = state;
  const mayWait = retryAt !== null && retryAt > facts.now && retryAt <= facts.now + LONGEST_WAIT_MS;
  // Seen abandoned before it was taken: the grace time that began then goes on, unless a wrong clock wrote it.
  const until = connectedUntil === null ? null : Math.min(connectedUntil, facts.now + GRACE_MS);
  if (!mayWait) return takeOver(until, failures, facts);
  if (connectedUntil === null || connectedUntil <= facts.now + GRACE_MS) return ignore(state);
  return to({ ...state, connectedUntil: facts.now + GRACE_MS });
}
