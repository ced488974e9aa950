import { type AuthenticationCreds, BufferJSON } from 'baileys';

/** History chunks that the account has seen; the library only asks whether there was any. */
const KEPT_HISTORY_MARKS = 10;

export function encodeCredentials(creds: AuthenticationCreds): Uint8Array {
  const kept = { ...creds, processedHistoryMessages: creds.processedHistoryMessages.slice(-KEPT_HISTORY_MARKS) };
  return Buffer.from(JSON.stringify(kept, BufferJSON.replacer));
}

/** Reads stored credentials; throws with the remedy when they are not ours or damaged. */
export function decodeCredentials(bytes: Uint8Array): AuthenticationCreds {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'), BufferJSON.reviver);
  } catch {
    throw new Error('the stored credentials are damaged: reset the phone and link it again');
  }
  if (!isCredentials(parsed)) {
    throw new Error('the stored credentials are incomplete: reset the phone and link it again');
  }
  return parsed;
}

const REQUIRED = ['noiseKey', 'signedIdentityKey', 'signedPreKey', 'registrationId', 'advSecretKey', 'nextPreKeyId'];

function isCredentials(value: unknown): value is AuthenticationCreds {
  return typeof value === 'object' && value !== null && REQUIRED.every((field) => field in value);
}
