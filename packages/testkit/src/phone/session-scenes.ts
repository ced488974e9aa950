import type { InboundMessage, PhoneState } from '@trunkline/core';
import { PhoneWorld, person } from './phone-world.js';

/** Phones in the situations that tests of sessions begin with. */

export const ASHA = person('918527184400', 'Asha');
export const BILAL = person('918527184411');
export const CREDENTIALS = Buffer.from('credentials');

export function online(world: PhoneWorld): PhoneState {
  return { name: 'online', failures: 0, since: world.clock.now() - 3_600_000 };
}

export function created(world: PhoneWorld): PhoneState {
  const now = world.clock.now();
  const fresh = { name: 'starting', purpose: 'pair', next: null, cause: null, retryAt: null, failures: 0 } as const;
  return { ...fresh, since: now, askedAt: now };
}

/** A phone that shows a QR code. */
export async function pairing(world = new PhoneWorld()) {
  const { phoneId } = world.db.add(created(world));
  const session = world.session(phoneId);
  await session.start();
  await world.engine.last.offerQr('code 1');
  return { world, phoneId, session, row: world.db.row(phoneId) };
}

/** A phone that is linked to Asha's account and online. */
export async function connected(world = new PhoneWorld()) {
  const { phoneId } = world.db.add(online(world), { number: ASHA.number }, CREDENTIALS);
  const session = world.session(phoneId);
  await session.start();
  await world.engine.last.logIn();
  await world.clock.advance(61_000);
  const row = world.db.row(phoneId);
  row.events.length = 0;
  world.asked.length = 0;
  return { world, phoneId, session, row };
}

/** Lets time pass until the next session is opened. */
export async function opened(world: PhoneWorld): Promise<void> {
  const before = world.engine.sessions.length;
  for (let seconds = 0; world.engine.sessions.length === before; seconds += 1) {
    if (seconds > 600) throw new Error('no session is opened any more');
    await world.clock.advance(1_000);
  }
}

export function message(waId: string): InboundMessage {
  const sender = { number: BILAL.number, lid: null };
  return {
    waId,
    chat: { kind: 'person', address: sender },
    fromMe: false,
    sender,
    senderName: null,
    at: new Date(0),
    type: 'chat',
    body: 'hello',
    quotedWaId: null,
    content: new Uint8Array(),
    fromHistory: false,
    ciphertextHash: null,
  };
}
