import { Conflict, DomainError, EngineRefused, Invalid, PhoneNotRunning } from '@trunkline/core';

/** What may be asked of the worker that runs a phone, as it travels between processes. */
export type OwnerCall =
  | { readonly call: 'pairing-code'; readonly number: string }
  | { readonly call: 'profile-name'; readonly name: string }
  | { readonly call: 'profile-image'; readonly jpegBase64: string };

export type OwnerAnswer =
  | { readonly ok: true; readonly value: Readonly<Record<string, string>> | null }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly stage?: EngineRefused['stage'] };

/** The owner is another node now: ask again who it is. */
export const NOT_OWNER_STATUS = 409;

export function answerOf(error: unknown): OwnerAnswer {
  if (error instanceof EngineRefused)
    return { ok: false, code: error.code, message: error.message, stage: error.stage };
  if (error instanceof DomainError) return { ok: false, code: error.code, message: error.message };
  return { ok: false, code: 'UNKNOWN', message: 'the worker of this phone failed; see its log' };
}

/** Makes the error of the far side into one of this side. */
export function errorOf(answer: Extract<OwnerAnswer, { ok: false }>): Error {
  switch (answer.code) {
    case 'CONFLICT':
      return new Conflict(answer.message);
    case 'INVALID':
      return new Invalid(answer.message);
    case 'PHONE_NOT_RUNNING':
      return new PhoneNotRunning(answer.message);
    case 'ENGINE_REFUSED':
      return new EngineRefused(answer.message, answer.stage ?? 'on-wire');
    default:
      return new Error(answer.message);
  }
}
