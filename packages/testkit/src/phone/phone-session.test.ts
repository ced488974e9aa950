import type { HistoryBatch, InboundMessage, PhoneState } from '@trunkline/core';
import { describe, expect, test } from 'vitest';
import { settled } from './manual-clock.js';
import { PhoneWorld, person } from './phone-world.js';

const ASHA = person('918527184400', 'Asha');
const BILAL = person('918527184411');
const CREDENTIALS = Buffer.from('credentials');

function online(world: PhoneWorld): PhoneState {
  return { name: 'online', failures: 0, since: world.clock.now() - 3_600_000 };
}

function created(world: PhoneWorld): PhoneState {
  const now = world.clock.now();
  const fresh = { name: 'starting', purpose: 'pair', next: null, cause: null, retryAt: null, failures: 0 } as const;
  return { ...fresh, since: now, askedAt: now };
}

/** A phone that shows a QR code. */
async function pairing(world = new PhoneWorld()) {
  const { phoneId } = world.db.add(created(world));
  const session = world.session(phoneId);
  await session.start();
  await world.engine.last.offerQr('code 1');
  return { world, phoneId, session, row: world.db.row(phoneId) };
}

/** A phone that is linked to Asha's account and online. */
async function connected(world = new PhoneWorld()) {
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
async function opened(world: PhoneWorld): Promise<void> {
  const before = world.engine.sessions.length;
  for (let seconds = 0; world.engine.sessions.length === before; seconds += 1) {
    if (seconds > 600) throw new Error('no session is opened any more');
    await world.clock.advance(1_000);
  }
}

function message(waId: string): InboundMessage {
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

const DATABASE_IS_AWAY = new Error('connection refused');

describe('pairing', () => {
  test('leads from the first QR code to a phone that is ready', async () => {
    const { world, phoneId, session, row } = await pairing();
    expect(world.shown(phoneId)).toMatchObject({ qr_code: 'code 1', wa_state: 'DISCONNECTED', isBrowserOpen: true });
    await world.engine.last.offerQr('code 2');
    const [pairer] = world.engine.sessions;
    expect(await pairer?.scan(ASHA)).toEqual({ accept: true });
    await settled();
    expect(world.engine.sessions.map(({ input }) => input.purpose)).toEqual(['pair', 'login']);
    expect(world.shown(phoneId)).toMatchObject({ qr_code: null, wa_state: 'DISCONNECTED', org_phone: ASHA.number });
    expect(world.shown(phoneId)).toMatchObject({ status: 'connecting', userAction: 'none' });
    await world.engine.last.logIn();
    expect(session.state.name).toBe('online');
    expect(world.shown(phoneId)).toMatchObject({ wa_state: 'CONNECTED', isReady: true, phone_name: 'Asha' });
    expect(world.shown(phoneId).last_disconnect).toBeNull();
    expect(row.phone.firstConnectedAt).toEqual(new Date(world.clock.now()));
    expect(world.events(phoneId)).toEqual(['updated', 'qr', 'qr', 'updated', 'updated', 'connected', 'updated']);
    expect(row.diary.map(({ state }) => state)).toEqual(['pairing', 'starting', 'starting', 'syncing', 'online']);
    expect(world.engine.mostAtOnce).toBe(1);
  });

  test('keeps credentials of a link only when the database has the number, or will learn it', async () => {
    const { world, phoneId } = await pairing();
    const [pairer] = world.engine.sessions;
    await pairer?.input.judgePairing(ASHA);
    await pairer?.input.store.write({ credentials: CREDENTIALS });
    // The node ends here; another one takes over.
    const next = world.session(phoneId, 'node-b');
    await next.start();
    expect(world.engine.last.input.purpose).toBe('login');
    expect(world.shown(phoneId).org_phone).toBe(ASHA.number);
    await world.engine.last.end({ source: 'failure', code: 401, attrs: {} });
    expect(world.engine.last.input.purpose).toBe('pair');
    expect(world.db.row(phoneId).credentials).toBeNull();
  });

  test('goes on with a link that was stored although the engine failed to say so', async () => {
    const { world, session } = await pairing();
    const [pairer] = world.engine.sessions;
    await pairer?.input.judgePairing(ASHA);
    await pairer?.input.store.write({ credentials: CREDENTIALS });
    await pairer?.end({ source: 'engine-fault', message: 'no answer' });
    expect(session.state).toMatchObject({ name: 'starting', purpose: 'login' });
    expect(world.engine.last.input.purpose).toBe('login');
  });

  test('refuses another number than the one the phone is bound to, and offers the QR code again', async () => {
    const world = new PhoneWorld();
    const { phoneId } = world.db.add(created(world), { number: ASHA.number });
    const session = world.session(phoneId);
    await session.start();
    await world.engine.last.offerQr('code 1');
    expect(await world.engine.last.scan(BILAL)).toEqual({ accept: false, reason: 'wrong_number' });
    expect(world.db.audit).toEqual([`pairing refused: wrong_number ${BILAL.number}`]);
    expect(world.shown(phoneId)).toMatchObject({ qr_code: null, reasonCode: 'wrong_number' });
    // The refused handset hears of it before its socket is closed.
    expect(world.engine.sessions).toHaveLength(1);
    await world.clock.advance(2_000);
    await world.engine.last.offerQr('code 2');
    expect(world.shown(phoneId)).toMatchObject({
      qr_code: 'code 2',
      reasonCode: 'wrong_number',
      org_phone: ASHA.number,
    });
    expect(await world.engine.last.scan(ASHA)).toEqual({ accept: true });
  });

  test('refuses a number that another phone of the organisation has', async () => {
    const world = new PhoneWorld();
    world.db.add(online(world), { number: ASHA.number }, CREDENTIALS);
    const { phoneId, row } = await pairing(world);
    expect(await world.engine.last.scan(ASHA)).toEqual({ accept: false, reason: 'duplicate_number' });
    expect(world.shown(phoneId)).toMatchObject({ reasonCode: 'duplicate_number', org_phone: null });
    expect(row.credentials).toBeNull();
  });

  test('refuses handsets that answer an engine which was given up', async () => {
    const { world, session, phoneId } = await pairing();
    const [old] = world.engine.sessions;
    await session.command(world.db.command(phoneId, 'restart'));
    expect(await old?.input.judgePairing(BILAL)).toEqual({ accept: false, reason: 'session_over' });
    expect(world.db.audit).toEqual([]);
  });

  test('answers a handset when the database is back', async () => {
    const { world } = await pairing();
    world.db.before = (call) => {
      if (call === 'otherPhoneWithNumber') throw DATABASE_IS_AWAY;
    };
    const verdict = world.engine.last.input.judgePairing(ASHA);
    await world.clock.advance(5_000);
    world.db.before = () => {};
    await world.clock.advance(2_000);
    expect(await verdict).toEqual({ accept: true });
  });

  test('offers a code to type, also before the first QR code', async () => {
    const world = new PhoneWorld();
    const { phoneId } = world.db.add(created(world));
    const session = world.session(phoneId);
    await session.start();
    expect(await session.pairingCode(ASHA.number)).toMatchObject({ code: 'ABCD-1234' });
    expect(session.state).toMatchObject({ name: 'pairing', attempt: { method: 'code', step: { kind: 'code' } } });
  });

  test('ends when the QR codes run out, and gives the lease back', async () => {
    const { world, phoneId } = await pairing();
    await world.engine.last.end({ source: 'pairing-ended' });
    expect(world.shown(phoneId)).toMatchObject({ isBrowserOpen: false, qr_code: null, reasonCode: 'qr_expired' });
    expect(world.asked).toEqual(['rest']);
    expect(world.clock.timers).toBe(0);
  });

  test('ends also when the engine forgets to say so', async () => {
    const { world, session } = await pairing();
    await world.clock.advance(51_000);
    expect(session.state).toMatchObject({ name: 'off', cause: 'qr_expired' });
    expect(world.engine.last.isOpen).toBe(false);
  });
});

describe('commands', () => {
  test('restart opens again with the same credentials and without a DISCONNECTED', async () => {
    const { world, phoneId, session } = await connected();
    await session.command(world.db.command(phoneId, 'restart'));
    expect(world.engine.openOf(phoneId)).toHaveLength(1);
    await world.engine.last.logIn();
    expect(world.events(phoneId).filter((name) => name !== 'updated')).toEqual([]);
    expect(world.db.commands).toEqual([]);
    expect(world.engine.mostAtOnce).toBe(1);
  });

  test('delivered twice, a command is executed once', async () => {
    const { world, phoneId, session } = await connected();
    const before = world.engine.sessions.length;
    const restart = world.db.command(phoneId, 'restart');
    await Promise.all([session.command(restart), session.command(restart)]);
    await session.command(restart);
    expect(world.engine.sessions).toHaveLength(before + 1);
  });

  test('a command with a lower id than the last one is executed too', async () => {
    const { world, phoneId, session } = await connected();
    const [first, second] = [world.db.command(phoneId, 'resync'), world.db.command(phoneId, 'restart')];
    await session.command(second);
    await session.command(first);
    expect(world.db.commands).toEqual([]);
  });

  test('a command that means nothing now is settled all the same', async () => {
    const { world, phoneId, session } = await pairing();
    await session.command(world.db.command(phoneId, 'resync'));
    expect(world.db.commands).toEqual([]);
  });

  test('resync asks the engine', async () => {
    const { world, phoneId, session } = await connected();
    await session.command(world.db.command(phoneId, 'resync'));
    expect(world.engine.last.calls).toEqual(['resync']);
  });

  test('reset unlinks, retires the credentials and offers a QR code', async () => {
    const { world, phoneId, session, row } = await connected();
    const [login] = world.engine.sessions;
    await session.command(world.db.command(phoneId, 'reset'));
    await settled();
    expect(login?.calls).toContain('unlink');
    expect(row).toMatchObject({ credentials: null, retired: [CREDENTIALS] });
    await world.engine.last.offerQr('new code');
    expect(world.shown(phoneId)).toMatchObject({ qr_code: 'new code', reasonCode: 'reset', org_phone: ASHA.number });
    expect(world.shown(phoneId).last_disconnect).toMatchObject({ code: 'reset' });
    expect(world.events(phoneId)).toEqual(['disconnected', 'updated', 'qr']);
  });

  test('reset goes on when WhatsApp does not answer', async () => {
    const { world, phoneId, session, row } = await connected();
    world.engine.last.onUnlink = 'is silent';
    await session.command(world.db.command(phoneId, 'reset'));
    await world.clock.advance(19_000);
    expect(row.credentials).not.toBeNull();
    await world.clock.advance(1_500);
    expect(row).toMatchObject({ credentials: null, retired: [CREDENTIALS] });
    expect(world.engine.last.input.purpose).toBe('pair');
    expect(world.engine.openOf(phoneId)).toHaveLength(1);
  });

  test('reset of a phone that is not connected logs in only to unlink', async () => {
    const world = new PhoneWorld();
    const state = { name: 'halted', cause: 'replaced_again', until: null, since: 0 } as const;
    const { phoneId } = world.db.add(state, { number: ASHA.number }, CREDENTIALS);
    const session = world.session(phoneId);
    world.db.command(phoneId, 'reset');
    await session.start();
    const [login] = world.engine.sessions;
    await login?.tell({ kind: 'opened' });
    await settled();
    expect(login?.calls).toContain('unlink');
    expect(world.shown(phoneId).wa_state).toBe('DISCONNECTED');
    expect(world.engine.last.input.purpose).toBe('pair');
    expect(world.events(phoneId)).not.toContain('connected');
  });

  test('delete unlinks, destroys the credentials, says nothing any more and gives the lease back', async () => {
    const { world, phoneId, session, row } = await connected();
    await session.command(world.db.hide(phoneId));
    await settled();
    expect(world.engine.last.calls).toContain('unlink');
    expect(session.state).toMatchObject({ name: 'off', cause: 'deleted' });
    expect(row).toMatchObject({ credentials: null, retired: [], events: [] });
    expect(world.asked).toEqual(['rest']);
    expect(world.db.commands).toEqual([]);
  });

  test('a deletion that a crash interrupted is finished by the next owner', async () => {
    const { world, phoneId, session, row } = await connected();
    world.engine.last.onUnlink = 'is silent';
    await session.command(world.db.hide(phoneId));
    // The node ends here. The row of the command is what makes another one take the phone.
    expect(world.db.commands).toHaveLength(1);
    const next = world.session(phoneId, 'node-b');
    await next.start();
    await world.engine.last.tell({ kind: 'opened' });
    await settled();
    expect(next.state).toMatchObject({ name: 'off', cause: 'deleted' });
    expect(row.credentials).toBeNull();
    expect(world.db.commands).toEqual([]);
  });

  test('of a phone that is being deleted nothing else is taken', async () => {
    const { world, phoneId, session } = await connected();
    const reset = world.db.command(phoneId, 'reset');
    await session.command(world.db.hide(phoneId));
    await settled();
    await session.command(reset);
    expect(session.state).toMatchObject({ name: 'off', cause: 'deleted' });
  });

  test('what waits when a phone at rest is taken is executed', async () => {
    const world = new PhoneWorld();
    const { phoneId } = world.db.add({ name: 'off', cause: 'qr_expired', since: 0 });
    world.db.command(phoneId, 'restart');
    const session = world.session(phoneId);
    await session.start();
    expect(world.asked).toEqual([]);
    await world.engine.last.offerQr('code');
    expect(world.shown(phoneId).qr_code).toBe('code');
  });

  test('a phone at rest with nothing to do gives the lease back', async () => {
    const world = new PhoneWorld();
    const { phoneId } = world.db.add({ name: 'off', cause: 'qr_expired', since: 0 });
    await world.session(phoneId).start();
    expect(world.asked).toEqual(['rest']);
    expect(world.engine.sessions).toEqual([]);
  });
});

describe('a drop', () => {
  test('that is over within the grace is announced to nobody', async () => {
    const { world, phoneId } = await connected();
    await world.engine.last.end({ source: 'connection-ended', message: 'reset' });
    await world.clock.advance(2_000);
    await world.engine.last.logIn();
    expect(world.events(phoneId).filter((name) => name !== 'updated')).toEqual([]);
    expect(world.shown(phoneId).last_disconnect).toBeNull();
  });

  test('that lasts is announced once, however often it is tried', async () => {
    const { world, phoneId } = await connected();
    const refuse = () => world.engine.last.end({ source: 'network', message: 'refused' });
    const droppedAt = world.clock.now();
    await refuse();
    for (let tries = 0; tries < 6; tries += 1) {
      await opened(world);
      await refuse();
    }
    expect(world.events(phoneId).filter((name) => name !== 'updated')).toEqual(['disconnected']);
    const announced = new Date(droppedAt + 15_000).toISOString();
    expect(world.shown(phoneId).last_disconnect).toMatchObject({ code: 'network', at: announced });
    await opened(world);
    await world.engine.last.logIn();
    expect(world.events(phoneId).filter((name) => name !== 'updated')).toEqual(['disconnected', 'connected']);
  });

  test('of an engine that never answers is noticed by the session itself', async () => {
    const { world, phoneId, session } = await connected();
    await session.command(world.db.command(phoneId, 'restart'));
    await world.clock.advance(90_000);
    expect(session.state).toMatchObject({ name: 'reconnecting', cause: 'connect_timeout' });
    expect(world.engine.openOf(phoneId)).toEqual([]);
    await world.clock.advance(5_000);
    expect(world.engine.openOf(phoneId)).toHaveLength(1);
  });

  test('of an engine that does not even close holds up nobody', async () => {
    const { world, phoneId, session } = await connected();
    world.engine.last.hangsOnClose = true;
    const restarted = session.command(world.db.command(phoneId, 'restart'));
    await world.clock.advance(5_000);
    await restarted;
    expect(world.engine.last.isOpen).toBe(true);
    await world.engine.last.logIn();
    expect(session.state.name).toBe('online');
  });

  test('of an engine that throws when it is opened is a drop like another', async () => {
    const { world, phoneId, session } = await connected();
    world.engine.onOpen = () => {
      throw new Error('no such option');
    };
    await session.command(world.db.command(phoneId, 'restart'));
    await settled();
    expect(session.state).toMatchObject({ name: 'reconnecting', cause: 'engine_fault' });
  });

  test('for good retires the credentials', async () => {
    const { world, phoneId, row } = await connected();
    await world.engine.last.end({ source: 'failure', code: 401, attrs: {} });
    expect(row).toMatchObject({ credentials: null, retired: [CREDENTIALS] });
    expect(world.shown(phoneId)).toMatchObject({ status: 'logged_out', isBrowserOpen: false });
    expect(world.asked).toEqual(['rest']);
  });

  test('of the former session, heard late, is dropped', async () => {
    const { world, phoneId, session, row } = await connected();
    const old = world.engine.last;
    await session.command(world.db.command(phoneId, 'restart'));
    await world.engine.last.logIn();
    await old.tell({ kind: 'closed', close: { source: 'failure', code: 401, attrs: {} } });
    await old.tell({ kind: 'message', message: message('late') });
    expect(session.state.name).toBe('online');
    expect(row.messages).toEqual([]);
  });

  test('does not count the time in which the fleet had no turn for it', async () => {
    const world = new PhoneWorld();
    const { phoneId, session } = await connected(world);
    world.limiter.hold();
    await session.command(world.db.command(phoneId, 'restart'));
    await world.clock.advance(3_600_000);
    expect(session.state).toMatchObject({ name: 'reconnecting', cause: 'restart_asked', connectedUntil: null });
    world.limiter.release();
    await world.engine.last.logIn();
    expect(session.state.name).toBe('online');
  });
});

describe('a database that is away', () => {
  test('loses nothing that happened meanwhile, and nothing happens twice', async () => {
    const { world, phoneId, session, row } = await connected();
    const old = world.engine.last;
    const opened = world.engine.sessions.length;
    world.db.before = () => {
      throw DATABASE_IS_AWAY;
    };
    void old.tell({ kind: 'message', message: message('m1') });
    void old.tell({ kind: 'history', batch: { chats: [], messages: [], people: [], ciphertextHash: null } });
    void old.end({ source: 'connection-ended', message: 'reset' });
    await world.clock.advance(10_000);
    expect(session.state.name).toBe('online');
    world.db.before = () => {};
    await world.clock.advance(2_000);
    expect(row.messages.map(({ waId }) => waId)).toEqual(['m1']);
    expect(row.history).toHaveLength(1);
    expect(session.state.name).toBe('reconnecting');
    await world.clock.advance(2_000);
    expect(world.engine.sessions).toHaveLength(opened + 1);
    expect(row.diary.filter(({ code }) => code === 'connection_lost')).toHaveLength(1);
    expect(world.shown(phoneId).wa_state).toBe('CONNECTED');
  });

  test('whose answer to a commit got lost makes no second event and no second opening', async () => {
    const { world, phoneId, session, row } = await connected();
    let lost = 0;
    world.db.after = () => {
      lost += 1;
      if (lost === 1) throw DATABASE_IS_AWAY;
    };
    const opened = world.engine.sessions.length;
    void session.command(world.db.command(phoneId, 'restart'));
    await world.clock.advance(1_000);
    expect(row.events).toHaveLength(1);
    expect(world.engine.sessions).toHaveLength(opened + 1);
    expect(world.transitions.filter(({ state }) => state.name === 'reconnecting')).toHaveLength(2);
  });

  test('while a phone is taken opens one session when it is back', async () => {
    const world = new PhoneWorld();
    const { phoneId } = world.db.add(online(world), { number: ASHA.number }, CREDENTIALS);
    let calls = 0;
    world.db.before = (call) => {
      calls += 1;
      if (call === 'commands' && calls < 6) throw DATABASE_IS_AWAY;
    };
    void world.session(phoneId).start();
    await world.clock.advance(10_000);
    expect(world.engine.sessions).toHaveLength(1);
    expect(world.engine.last.isOpen).toBe(true);
  });

  test('for one message only does not hold up the phone for ever', async () => {
    const { world, session, row } = await connected();
    world.db.before = (call) => {
      if (call === 'receive') throw new Error('invalid byte sequence');
    };
    void world.engine.last.tell({ kind: 'message', message: message('poison') });
    void world.engine.last.end({ source: 'connection-ended', message: 'reset' });
    await world.clock.advance(60_000);
    expect(session.state.name).toBe('reconnecting');
    expect(row.messages).toEqual([]);
  });

  test('for too long makes the session start over instead of keeping all that comes', async () => {
    const { world, session } = await connected();
    const batch: HistoryBatch = { chats: [], messages: [], people: [], ciphertextHash: null };
    const old = world.engine.last;
    world.db.before = () => {
      throw DATABASE_IS_AWAY;
    };
    for (let chunk = 0; chunk < 6_000; chunk += 1) void old.tell({ kind: 'history', batch });
    await settled();
    expect(old.isOpen).toBe(false);
    world.db.before = () => {};
    await world.clock.advance(1_000);
    expect(session.state).toMatchObject({ name: 'reconnecting', cause: 'deaf' });
    expect(world.engine.last).not.toBe(old);
  });
});

describe('a lease that is lost', () => {
  test('closes the socket at once', async () => {
    const { world, phoneId, session } = await connected();
    world.db.take(world.db.row(phoneId), 'node-b');
    await world.engine.last.tell({ kind: 'message', message: message('m1') });
    expect(world.engine.openOf(phoneId)).toEqual([]);
    expect(world.asked).toEqual(['lease lost']);
    await session.command({ commandId: 99, phoneId, kind: 'restart' });
    await settled();
    expect(world.engine.openOf(phoneId)).toEqual([]);
    expect(world.clock.timers).toBe(0);
  });

  test('is noticed while the session starts', async () => {
    const world = new PhoneWorld();
    const { phoneId } = world.db.add(online(world), {}, CREDENTIALS);
    const session = world.session(phoneId);
    world.db.take(world.db.row(phoneId), 'node-b');
    await session.start();
    expect(world.asked).toEqual(['lease lost']);
    expect(world.engine.sessions).toEqual([]);
  });

  test('keeps an engine from writing', async () => {
    const { world, session } = await connected();
    const { mayWrite } = world.engine.last.input;
    expect(mayWrite()).toBe(true);
    world.mayWrite = () => false;
    expect(mayWrite()).toBe(false);
    world.mayWrite = () => true;
    void session.leave();
    expect(mayWrite()).toBe(false);
  });
});

describe('leaving', () => {
  test('closes the socket before anything else, also while the database hangs', async () => {
    const { world, phoneId, session, row } = await connected();
    const state = row.phone.state;
    world.db.before = () => new Promise(() => {});
    void world.engine.last.end({ source: 'connection-ended', message: 'reset' });
    void world.engine.last.tell({ kind: 'primary-seen', at: new Date() });
    await settled();
    void session.leave();
    await settled();
    expect(world.engine.openOf(phoneId)).toEqual([]);
    expect(row.phone.state).toEqual(state);
  });

  test('ends a retry, keeps the stored state and leaves no timer behind', async () => {
    const { world, session, row } = await connected();
    world.db.before = () => {
      throw DATABASE_IS_AWAY;
    };
    void world.engine.last.end({ source: 'connection-ended', message: 'reset' });
    await world.clock.advance(5_000);
    await Promise.all([session.leave(), session.leave()]);
    expect(row.phone.state.name).toBe('online');
    expect(world.clock.timers).toBe(0);
    expect(world.asked).toEqual([]);
  });

  test('during a commit opens nothing any more', async () => {
    const { world, phoneId, session } = await connected();
    let release: () => void = () => {};
    world.db.after = () => new Promise((resolve) => (release = resolve));
    const restart = session.command(world.db.command(phoneId, 'restart'));
    await settled();
    const left = session.leave();
    release();
    await Promise.all([restart, left]);
    expect(world.engine.openOf(phoneId)).toEqual([]);
  });

  test('hands the phone on without anybody noticing', async () => {
    const { world, phoneId, session } = await connected();
    await session.leave();
    const next = world.session(phoneId, 'node-b');
    await next.start();
    await world.engine.last.logIn();
    expect(world.events(phoneId).filter((name) => name !== 'updated')).toEqual([]);
    expect(next.state.name).toBe('online');
    expect(world.engine.mostAtOnce).toBe(1);
  });
});

describe('what the account tells', () => {
  test('is stored when it is news', async () => {
    const { world, row, phoneId } = await connected();
    await world.engine.last.tell({ kind: 'profile', name: 'Asha K', image: new Uint8Array(3) });
    await world.engine.last.tell({ kind: 'profile', name: 'Asha K' });
    expect(row.phone).toMatchObject({ name: 'Asha K', imageChangedAt: new Date(world.clock.now()) });
    expect(world.asked).toEqual(['keep image of 3 bytes']);
    expect(world.events(phoneId)).toEqual(['updated']);
  });

  test('of the primary device is stored once an hour', async () => {
    const { world, row } = await connected();
    const at = (minutes: number) => new Date(minutes * 60_000);
    for (const minutes of [0, 30, 59, 60, 61]) await world.engine.last.tell({ kind: 'primary-seen', at: at(minutes) });
    expect(row.phone.primaryLastSeen).toEqual(at(60));
  });

  test('can be changed while it is online, and only then', async () => {
    const { world, session, row, phoneId } = await connected();
    await session.setProfileName('Sales');
    expect(row.phone.name).toBe('Sales');
    await session.setProfileImage(new Uint8Array(7));
    expect(world.engine.last.calls).toEqual(['name Sales', 'image of 7 bytes']);
    await session.command(world.db.command(phoneId, 'reset'));
    await settled();
    await expect(session.setProfileName('Sales')).rejects.toThrow('works only while it is online or syncing');
    await expect(session.pairingCode(ASHA.number)).resolves.toBeDefined();
  });
});

describe('a wall clock that is set', () => {
  test.each([2, -2])('by %i hours neither hurries nor delays a retry', async (hours) => {
    const { world, phoneId } = await connected();
    await world.engine.last.end({ source: 'failure', code: 503, attrs: {} });
    world.clock.jump(hours * 3_600_000);
    await world.clock.advance(4_900);
    expect(world.engine.openOf(phoneId)).toEqual([]);
    await world.clock.advance(200);
    expect(world.engine.openOf(phoneId)).toHaveLength(1);
    await world.engine.last.end({ source: 'failure', code: 503, attrs: {} });
    await world.clock.advance(15_000);
    expect(world.shown(phoneId).wa_state).toBe('DISCONNECTED');
  });
});
