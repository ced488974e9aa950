import { describe, expect, test } from 'vitest';
import { settled } from './manual-clock.js';
import { PhoneWorld } from './phone-world.js';
import { ASHA, CREDENTIALS, connected, pairing } from './session-scenes.js';

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
