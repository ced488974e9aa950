import { SessionRecord } from 'whatsapp-rust-bridge';

/** Field numbers of Signal's record structures, which the bridge does not read out. */
const CURRENT_SESSION = 1;
const REMOTE_REGISTRATION_ID = 10;
const ALICE_BASE_KEY = 13;

export function hasOpenSession(record: Uint8Array): boolean {
  const parsed = SessionRecord.deserialize(record);
  try {
    return parsed.haveOpenSession();
  } finally {
    parsed.free();
  }
}

/** What tells two sessions with the same device apart; null when the record has no open session. */
export function sessionInfo(record: Uint8Array): { baseKey: Uint8Array; registrationId: number } | null {
  const session = fieldsOf(record).get(CURRENT_SESSION);
  if (!(session instanceof Uint8Array)) return null;
  const fields = fieldsOf(session);
  const baseKey = fields.get(ALICE_BASE_KEY);
  const registrationId = fields.get(REMOTE_REGISTRATION_ID);
  if (!(baseKey instanceof Uint8Array) || typeof registrationId !== 'number') return null;
  return { baseKey, registrationId };
}

/** The last value of every field of a protobuf message that holds only varints and byte strings. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array | number> {
  const fields = new Map<number, Uint8Array | number>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at];
      if (byte === undefined) throw new Error('the stored Signal session is damaged');
      at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    const isBytes = (tag & 7) === 2;
    fields.set(tag >>> 3, isBytes ? bytes.subarray(at, at + value) : value);
    if (isBytes) at += value;
  }
  return fields;
}
