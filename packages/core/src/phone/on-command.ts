import type { CommandKind } from './phone.js';
import { GRACE_MS } from './phone-ending.js';
import { type Facts, type Transition, transitionTo as to } from './phone-input.js';
import {
  afterUnlink,
  ignore,
  isLoggedIn,
  isUnlinking,
  login,
  pair,
  reopen,
  starting,
  unlinkCause,
} from './phone-moves.js';
import type { AfterUnlink, PhoneState } from './phone-state.js';

/** A wish of a user. Only `delete` reaches a phone that is being deleted. */
export function onCommand(state: PhoneState, command: CommandKind, facts: Facts): Transition {
  if (command === 'delete') return forgetLink(state, 'delete', facts);
  if (isBeingDeleted(state)) return ignore(state);
  switch (command) {
    case 'start':
      return isOpen(state) ? ignore(state) : openAgain(state, facts);
    case 'restart':
      return openAgain(state, facts);
    case 'resync':
      return isLoggedIn(state) ? to(state, { effects: [{ do: 'resync' }] }) : ignore(state);
    case 'reset':
      return forgetLink(state, 'pair', facts);
  }
}

function openAgain(state: PhoneState, facts: Facts): Transition {
  if (state.name === 'starting' && state.purpose === 'unlink') return ignore(state);
  if (!facts.linked) return pair(facts, null, [{ do: 'close' }]);
  switch (state.name) {
    case 'syncing':
    case 'online':
      return reopen('restart_asked', facts.now + GRACE_MS, 0, facts, [{ do: 'close' }]);
    case 'reconnecting':
      return reopen('restart_asked', state.connectedUntil, 0, facts, [{ do: 'close' }]);
    case 'starting':
      return login(facts, [{ do: 'close' }], state.next);
    default:
      return login(facts, [{ do: 'close' }]);
  }
}

function forgetLink(state: PhoneState, next: AfterUnlink, facts: Facts): Transition {
  if (!facts.linked) return afterUnlink(next, facts, null);
  // WhatsApp is being told already; only what comes after may change.
  if (isUnlinking(state)) return to({ ...state, next, cause: unlinkCause(next) });
  const unlinking = starting('unlink', next, facts);
  if (isLoggedIn(state)) return to(unlinking, { effects: [{ do: 'unlink' }] });
  return to(unlinking, { effects: [{ do: 'close' }, { do: 'open', purpose: 'login' }] });
}

function isOpen(state: PhoneState): boolean {
  return isLoggedIn(state) || state.name === 'starting' || state.name === 'pairing' || state.name === 'reconnecting';
}

function isBeingDeleted(state: PhoneState): boolean {
  if (state.name === 'starting') return state.next === 'delete';
  return state.name === 'off' && state.cause === 'deleted';
}
