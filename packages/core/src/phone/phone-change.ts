import type { EngineFact, LinkedIdentity } from '../engine/engine-port.js';
import { type CauseCode, causeRow } from './disconnect-cause.js';
import type { Phone, PhoneChange } from './phone.js';
import type { Transition } from './phone-input.js';
import type { PhoneState } from './phone-state.js';

/** What a transition changes in the stored phone. */
export function stateChange(done: Transition, phone: Phone, nowMs: number): PhoneChange {
  const connects = done.state.name === 'syncing' && phone.firstConnectedAt === null;
  const code = doneCode(done);
  return {
    state: done.state,
    ...(connects && { firstConnectedAt: new Date(nowMs) }),
    ...(code !== null && {
      lastDisconnect: { code, reason: causeRow(code).sentence, at: new Date(nowMs).toISOString() },
    }),
    ...(done.restrictedUntil !== null && { restrictedUntil: new Date(done.restrictedUntil) }),
  };
}

/** A line of the diary when a state is entered or a session ended. */
export function diaryLine(before: PhoneState, done: Transition): { code: string | null; reason: string | null } | null {
  if (before.name === done.state.name && done.ended === null) return null;
  const code = doneCode(done);
  return { code, reason: code === null ? null : causeRow(code).sentence };
}

export function identityChange(identity: LinkedIdentity): PhoneChange {
  return {
    number: identity.number,
    lid: identity.lid,
    isBusiness: identity.isBusiness,
    ...(identity.name !== null && { name: identity.name }),
  };
}

/** What the account says of itself; null when we know it already. */
export function profileChange(
  phone: Phone,
  fact: Extract<EngineFact, { kind: 'profile' }>,
): { change: PhoneChange } | null {
  const { name = phone.name, isBusiness = phone.isBusiness } = fact;
  return name === phone.name && isBusiness === phone.isBusiness ? null : { change: { name, isBusiness } };
}

function doneCode(done: Transition): CauseCode | null {
  if (done.ended !== null) return done.ended.code;
  return 'cause' in done.state ? done.state.cause : null;
}
