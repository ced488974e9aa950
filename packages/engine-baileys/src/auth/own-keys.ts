import { type AuthenticationCreds, jidDecode } from 'baileys';
import { addressText, signalAddress } from '../signal/signal-address.js';
import { encodeKey } from './key-codec.js';
import type { PhoneKeys } from './phone-keys.js';

interface OwnKeys {
  readonly pn: string;
  readonly lid: string;
  readonly device: string;
  /** Tells whether the note was made for this link. */
  readonly mark: string;
}

/**
 * At every login the library stores the mapping and the device list of our own account and looks for sessions to
 * move, which are the same each time. Once that is stored, a note with the credentials saves asking the database.
 */
export function primeOwnKeys(creds: AuthenticationCreds, keys: PhoneKeys): void {
  const own = ownKeys(creds);
  if (own === null || noteOf(creds) !== own.mark) return;
  for (const row of rowsOf(own)) keys.prime(row.kind, row.id, row.value);
}

/** Makes the note when the library has stored what it stores; true when the credentials changed by it. */
export function noteOwnKeys(creds: AuthenticationCreds, keys: PhoneKeys): boolean {
  const own = ownKeys(creds);
  if (own === null || noteOf(creds) === own.mark) return false;
  const isStored = rowsOf(own).every(({ kind, id, value }) => keys.isKnown(kind, id, value));
  if (isStored) creds.additionalData = { ...creds.additionalData, ownKeys: own.mark };
  return isStored;
}

function ownKeys(creds: AuthenticationCreds): OwnKeys | null {
  const pn = jidDecode(creds.me?.id);
  const lid = jidDecode(creds.me?.lid);
  if (pn === undefined || lid === undefined) return null;
  const device = String(pn.device ?? 0);
  return { pn: pn.user, lid: lid.user, device, mark: `${pn.user}:${device} ${lid.user}` };
}

function rowsOf({ pn, lid, device }: OwnKeys): { kind: string; id: string; value: Uint8Array | null }[] {
  const session = addressText(signalAddress(`${pn}:${device}@s.whatsapp.net`));
  return [
    { kind: 'lid-mapping', id: pn, value: encodeKey('lid-mapping', lid) },
    { kind: 'lid-mapping', id: `${lid}_reverse`, value: encodeKey('lid-mapping', pn) },
    { kind: 'device-list', id: pn, value: encodeKey('device-list', [device]) },
    { kind: 'session', id: session, value: null },
  ];
}

function noteOf(creds: AuthenticationCreds): unknown {
  const kept: unknown = creds.additionalData;
  return typeof kept === 'object' && kept !== null ? Reflect.get(kept, 'ownKeys') : null;
}
