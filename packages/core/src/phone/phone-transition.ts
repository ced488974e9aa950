import type { EngineClose } from '../engine/engine-close.js';
import type { LinkedIdentity } from '../engine/engine-port.js';
import { type CauseCode, causeOf } from './disconnect-cause.js';
import type { PairingRefusal } from './judge-pairing.js';
import { onClaimed } from './on-claimed.js';
import { onCommand } from './on-command.js';
import { ended, pairingEnded } from './phone-ending.js';
import { type Facts, type PhoneInput, type Transition, transitionTo as to } from './phone-input.js';
import { afterUnlink, closing, firstLogin, goOff, ignore, online, pair, reopen, starting } from './phone-moves.js';
import type { PhoneState, StateOf } from './phone-state.js';
import { wakeAt } from './wake-at.js';

/** Wrong handsets in an hour before the QR stays away. */
const PAIRING_REFUSALS = 5;
/** Time for the engine to tell a refused handset, before the next QR closes its socket. */
const REFUSAL_PAUSE_MS = 2_000;
/** The confirmation of a link takes two round trips to WhatsApp. */
const FINISHING_MS = 60_000;
const HOUR_MS = 60 * 60_000;

/** The whole life of a phone: pure, total, and without a clock of its own. An input without meaning changes nothing. */
export function transition(state: PhoneState, input: PhoneInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'command':
      return onCommand(state, input.command, facts);
    case 'claimed':
      return onClaimed(state, facts);
    case 'time':
      return isDue(state, facts) ? inState(state, input, facts) : ignore(state);
    default:
      // While a state waits for its next try no engine runs; what still comes is from one that was given up.
      return waits(state) ? ignore(state) : inState(state, input, facts);
  }
}

type EngineInput = Exclude<PhoneInput, { kind: 'command' } | { kind: 'claimed' }>;

function inState(state: PhoneState, input: EngineInput, facts: Facts): Transition {
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

/** Waiting for the first code of a pairing. */
function inPairStart(state: StateOf<'starting'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'qr-offered':
    case 'code-offered':
    case 'pairing-accepted':
    case 'pairing-refused':
    case 'paired': {
      const attempt = { id: String(facts.now), method: 'qr', step: { kind: 'waiting' }, startedAt: facts.now } as const;
      const { cause, failures, askedAt } = state;
      return inPairing({ name: 'pairing', attempt, cause, failures, since: facts.now, askedAt }, input, facts);
    }
    case 'closed':
      return pairingEnded(state, causeOf(input.close), facts);
    case 'time':
      if (state.retryAt === null) return closing(pairingEnded(state, 'connect_timeout', facts));
      return to({ ...state, retryAt: null, since: facts.now }, { effects: [{ do: 'open', purpose: 'pair' }] });
    default:
      return ignore(state);
  }
}

function inPairing(state: StateOf<'pairing'>, input: EngineInput, facts: Facts): Transition {
  const { step } = state.attempt;
  switch (input.kind) {
    case 'qr-offered': {
      const qr = { kind: 'qr', qrCode: input.qrCode, expiresAt: input.expiresAt } as const;
      return to({ ...state, attempt: { ...state.attempt, method: 'qr', step: qr } });
    }
    case 'code-offered': {
      const code = { kind: 'code', expiresAt: input.expiresAt } as const;
      return to({ ...state, attempt: { ...state.attempt, method: 'code', step: code } });
    }
    case 'pairing-accepted': {
      const expiresAt = facts.now + FINISHING_MS;
      const finishing = { kind: 'finishing', identity: input.identity, expiresAt } as const;
      return to({ ...state, attempt: { ...state.attempt, step: finishing } });
    }
    case 'pairing-refused':
      return refused(input.cause, facts);
    case 'paired':
      return firstLogin(input.identity, facts);
    case 'closed':
      if (facts.linked && step.kind === 'finishing') return confirmed(step.identity, facts);
      return pairingEnded(state, causeOf(input.close), facts);
    case 'time':
      if (facts.linked && step.kind === 'finishing') return confirmed(step.identity, facts);
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
      return unlinking
        ? to(state, { effects: [{ do: 'unlink' }] })
        : to({ name: 'syncing', failures: 0, since: facts.now });
    case 'closed':
      if (unlinking) return afterUnlink(state.next ?? 'pair', facts, 'retire');
      return startEnded(state, input.close, facts);
    case 'time':
      if (unlinking) return afterUnlink(state.next ?? 'pair', facts, 'retire');
      return closing(ended(state, 'connect_timeout', null, facts));
    default:
      return ignore(state);
  }
}

function startEnded(state: StateOf<'starting'>, close: EngineClose, facts: Facts): Transition {
  const code = causeOf(close);
  // A link that WhatsApp never confirmed: we ended between storing it and telling the handset.
  if (code === 'logged_out' && state.next === 'pair') {
    return { ...pair(facts, null), credentials: 'retire', ended: { code, at: facts.now } };
  }
  const done = ended(state, code, close, facts);
  // The reconnect that ends every pairing is part of starting and no drop.
  const isPartOfStarting = code === 'restart_required' && done.effects.some((effect) => effect.do === 'open');
  return isPartOfStarting ? { ...done, state: { ...state, since: facts.now } } : done;
}

function inSyncing(state: StateOf<'syncing'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'drained':
      return to(online(state.failures, facts.now, facts));
    case 'closed':
      return ended(state, causeOf(input.close), input.close, facts);
    case 'time':
      return closing(ended(state, 'sync_stalled', null, facts));
    default:
      return ignore(state);
  }
}

function inOnline(state: StateOf<'online'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'closed':
      return ended(state, causeOf(input.close), input.close, facts);
    case 'time':
      return to(online(0, state.since, facts));
    default:
      return ignore(state);
  }
}

function inReconnecting(state: StateOf<'reconnecting'>, input: EngineInput, facts: Facts): Transition {
  switch (input.kind) {
    case 'opened':
      return to({ name: 'syncing', failures: state.failures, since: facts.now });
    case 'closed':
      return ended(state, causeOf(input.close), input.close, facts);
    case 'time':
      return onReconnectTime(state, facts);
    default:
      return ignore(state);
  }
}

/** Two moments share this state: the end of the grace, and the next try or the end of the present one. */
function onReconnectTime(state: StateOf<'reconnecting'>, facts: Facts): Transition {
  const isAnnounced = state.connectedUntil !== null && state.connectedUntil <= facts.now;
  const next = isAnnounced ? { ...state, connectedUntil: null } : state;
  const moment = wakeAt({ ...state, connectedUntil: null }, facts.openSince);
  if (moment === null || moment > facts.now) return to(next);
  if (state.retryAt === null) return closing(ended(next, 'connect_timeout', null, facts));
  return to({ ...next, retryAt: null }, { effects: [{ do: 'open', purpose: 'login' }] });
}

function inHalted(state: StateOf<'halted'>, input: EngineInput, facts: Facts): Transition {
  if (input.kind !== 'time') return ignore(state);
  if (!facts.linked) return goOff(state.cause, facts);
  return reopen(state.cause, null, 0, facts);
}

function isDue(state: PhoneState, facts: Facts): boolean {
  const moment = wakeAt(state, facts.openSince);
  return moment !== null && moment <= facts.now;
}

function waits(state: PhoneState): boolean {
  return 'retryAt' in state && state.retryAt !== null;
}

/** The engine ended without a word after the link was stored. */
function confirmed(identity: LinkedIdentity, facts: Facts): Transition {
  return firstLogin(identity, facts, [{ do: 'close' }, { do: 'open', purpose: 'login' }]);
}

/** The next QR comes when the handset has heard the refusal. */
function refused(code: PairingRefusal, facts: Facts): Transition {
  const ending = { code, at: facts.now };
  const isRefusal = (one: { code: CauseCode; at: number }) =>
    (one.code === 'wrong_number' || one.code === 'duplicate_number') && one.at > facts.now - HOUR_MS;
  if (facts.recent.filter(isRefusal).length + 1 >= PAIRING_REFUSALS) return { ...goOff(code, facts), ended: ending };
  return to(
    { ...starting('pair', null, facts), cause: code, retryAt: facts.now + REFUSAL_PAUSE_MS },
    { ended: ending },
  );
}
