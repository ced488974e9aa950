import { MISSING_KEYS_ERROR_TEXT } from 'baileys';

export type SignalFailureCode =
  | 'duplicate'
  | 'no-session'
  | 'no-prekey'
  | 'no-sender-key'
  | 'bad-mac'
  | 'bad-signature'
  | 'untrusted'
  | 'malformed'
  | 'unknown';

/**
 * A Signal operation that failed for a cryptographic reason. The messages are those that the library's retry logic
 * knows: it refuses a duplicate without asking again, and asks for everything else with a retry receipt.
 */
export class SignalFailure extends Error {
  override readonly name = 'SessionError';
  constructor(
    readonly code: SignalFailureCode,
    message: string,
  ) {
    super(message);
  }
}

const FAILURES: readonly [RegExp, SignalFailureCode, string][] = [
  [/DuplicatedMessage|old counter/, 'duplicate', MISSING_KEYS_ERROR_TEXT],
  [/SessionNotFound|session .* not found/i, 'no-session', 'No session record'],
  [/no sender key/, 'no-sender-key', 'No session record'],
  [/InvalidSignedPreKeyId|InvalidPreKeyId/, 'no-prekey', 'Invalid PreKey ID'],
  [/invalid signature|SignatureValidationFailed/i, 'bad-signature', 'Invalid signature'],
  [/UntrustedIdentity/, 'untrusted', 'Untrusted identity key'],
  [/InvalidMessage|decryption failed|bad mac/i, 'bad-mac', 'Bad MAC'],
  [/format|too short|unrecognized|protobuf|too far into the future/i, 'malformed', 'Malformed ciphertext'],
];

/** Translates what the Rust bridge throws, which are bare strings. */
export function signalFailure(error: unknown): SignalFailure {
  if (error instanceof SignalFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  for (const [pattern, code, message] of FAILURES) {
    if (pattern.test(text)) return new SignalFailure(code, message);
  }
  return new SignalFailure('unknown', 'Unknown Signal failure');
}
