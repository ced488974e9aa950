import type { EngineFact, LinkedIdentity } from '../engine/engine-port.js';
import { causeRow } from './disconnect-cause.js';
import type { Phone, PhoneChange } from './phone.js';
import type { Transition } from './phone-input.js';
import { projectPhone } from './phone-projection.js';
import type { PhoneState } from './phone-state.js';

/** The handset is told alive more often than anybody wants to know. */
const PRIMARY_SEEN_STEP_MS = 60 * 60_000;

/** What a transition changes in the stored phone. */
export function stateChange(before: PhoneState, done: Transition, phone: Phone, nowMs: number): PhoneChange {
  const connects = done.state.name === 'syncing' && phone.firstConnectedAt === null;
  const lastDisconnect = disconnect(before, done, nowMs);
  return {
    state: done.state,
    ...(done.identity !== null && identityChange(done.identity)),
    ...(connects && { firstConnectedAt: new Date(nowMs) }),
    ...(lastDisconnect !== null && { lastDisconnect }),
    ...(done.restrictedUntil !== null && { restrictedUntil: new Date(done.restrictedUntil) }),
  };
}

/** A line of the diary when a state is entered or a session ended. */
export function diaryLine(before: PhoneState, done: Transition): { code: string | null; reason: string | null } | null {
  if (before.name === done.state.name && done.ended === null) return null;
  const code = done.ended?.code ?? ('cause' in done.state ? done.state.cause : null);
  return { code, reason: code === null ? null : causeRow(code).sentence };
}

/** What the account says of itself; null when we know it already. */
export function profileChange(
  phone: Phone,
  fact: Extract<EngineFact, { kind: 'profile' }>,
): { change: PhoneChange } | null {
  const { name = phone.name, isBusiness = phone.isBusiness } = fact;
  return name === phone.name && isBusiness === phone.isBusiness ? null : { change: { name, isBusiness } };
}

/** The primary device was seen; null when that is no news. */
export function primarySeenChange(phone: Phone, at: Date): { change: PhoneChange } | null {
  const last = phone.primaryLastSeen?.getTime() ?? 0;
  return at.getTime() < last + PRIMARY_SEEN_STEP_MS ? null : { change: { primaryLastSeen: at } };
}

function identityChange(identity: LinkedIdentity): PhoneChange {
  return {
    number: identity.number,
    lid: identity.lid,
    isBusiness: identity.isBusiness,
    ...(identity.name !== null && { name: identity.name }),
  };
}

/** The public side stops being CONNECTED, or a link that was being restored is given up. */
function disconnect(before: PhoneState, done: Transition, nowMs: number): Phone['lastDisconnect'] {
  const was = projectPhone(before);
  const is = projectPhone(done.state);
  const drops = was.waState === 'CONNECTED' && is.waState === 'DISCONNECTED';
  const givesUp = done.ended !== null && (done.state.name === 'unlinked' || done.state.name === 'halted');
  const code = is.reasonCode ?? done.ended?.code;
  if (!(drops || (givesUp && isLinked(before))) || code === undefined) return null;
  return { code, reason: causeRow(code).sentence, at: new Date(nowMs).toISOString() };
}

function isLinked(state: PhoneState): boolean {
  return state.name !== 'pairing' && !(state.name === 'starting' && state.purpose === 'pair');
}
