import { isHostedLidUser, isHostedPnUser, isLidUser, isPnUser, jidDecode, type SignalDataSet } from 'baileys';
import type { PhoneKeys } from '../auth/phone-keys.js';
import type { KeyedLock } from './keyed-lock.js';
import { hasOpenSession } from './session-record.js';
import { addressText, signalAddress } from './signal-address.js';

export interface Migration {
  migrated: number;
  skipped: number;
  total: number;
}

/**
 * Moves the sessions with all devices of one account from its phone number to its LID, so that both spellings use one
 * ratchet. The records do not name the address, so they move as they are.
 */
export async function migrateSessions(
  { keys, lock }: { readonly keys: PhoneKeys; readonly lock: KeyedLock },
  fromJid: string,
  toJid: string,
): Promise<Migration> {
  if (!fromJid || !(isLidUser(toJid) || isHostedLidUser(toJid))) return { migrated: 0, skipped: 0, total: 0 };
  const from = jidDecode(fromJid);
  const to = jidDecode(toJid);
  if (from === undefined || to === undefined || !(isPnUser(fromJid) || isHostedPnUser(fromJid))) {
    return { migrated: 0, skipped: 0, total: 1 };
  }
  const listed = await keys.getOne('device-list', from.user);
  if (listed === null) return { migrated: 0, skipped: 0, total: 0 };
  const devices = [...new Set([...listed, String(from.device ?? 0)])].map((device) => Number.parseInt(device, 10));
  const moves = devices.map((device) => ({
    from: addressText(signalAddress(deviceJid(from.user, device))),
    to: addressText(signalAddress(`${to.user}:${device}@${device === 99 ? 'hosted.lid' : to.server}`)),
  }));
  return lock.runAll(
    moves.flatMap((move) => [move.from, move.to]),
    () => move(keys, moves),
  );
}

async function move(keys: PhoneKeys, moves: readonly { from: string; to: string }[]): Promise<Migration> {
  const sessions = await keys.get(
    'session',
    moves.map((one) => one.from),
  );
  const changes: NonNullable<SignalDataSet['session']> = {};
  let migrated = 0;
  let total = 0;
  for (const one of moves) {
    const record = sessions[one.from];
    if (record === undefined) continue;
    total += 1;
    if (!hasOpenSession(record)) continue;
    changes[one.to] = record;
    changes[one.from] = null;
    migrated += 1;
  }
  if (migrated > 0) await keys.set({ session: changes });
  return { migrated, skipped: total - migrated, total };
}

function deviceJid(user: string, device: number): string {
  if (device === 99) return `${user}:99@hosted`;
  return device === 0 ? `${user}@s.whatsapp.net` : `${user}:${device}@s.whatsapp.net`;
}
