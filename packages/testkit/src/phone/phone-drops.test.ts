import { describe, expect, test } from 'vitest';
import { settled } from './manual-clock.js';
import { PhoneWorld } from './phone-world.js';
import { ASHA, CREDENTIALS, connected, message, opened } from './session-scenes.js';

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
