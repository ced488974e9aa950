import { describe, expect, test } from 'vitest';
import { settled } from './manual-clock.js';
import { PhoneWorld } from './phone-world.js';
import { ASHA, BILAL, CREDENTIALS, created, online, pairing } from './session-scenes.js';

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
