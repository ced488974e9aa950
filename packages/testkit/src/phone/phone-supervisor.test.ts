import type { CommandKind, PhoneSupervisor } from '@trunkline/core';
import { expect, test } from 'vitest';
import { PhoneWorld } from './phone-world.js';

const CREDENTIALS = Buffer.from('credentials');

function worldOf(phones: number): PhoneWorld {
  const world = new PhoneWorld();
  for (let phone = 0; phone < phones; phone += 1) {
    world.db.add({ name: 'online', failures: 0, since: 0 }, {}, CREDENTIALS);
  }
  // WhatsApp answers at once.
  world.engine.onOpen = (session) => queueMicrotask(() => void session.logIn());
  return world;
}

/** Lets time pass while the named nodes keep their heartbeat. */
async function live(world: PhoneWorld, seconds: number, ...nodes: readonly string[]): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    for (const nodeId of nodes) await world.leases.heartbeat(nodeId);
    await world.clock.advance(1_000);
  }
}

/** Each phone has one socket, and it is the one of its owner. */
function expectOneOwnerEach(world: PhoneWorld): void {
  expect(world.engine.mostAtOnce).toBe(1);
  for (const [phoneId, { lease }] of world.db.phones) {
    expect(world.engine.openOf(phoneId).map(({ input }) => input.lease.nodeId)).toEqual([lease.nodeId]);
  }
}

function online(supervisor: PhoneSupervisor): number {
  return [...supervisor.sessions()].filter((session) => session.state.name === 'online').length;
}

test('a node alone runs every phone', async () => {
  const world = worldOf(120);
  const a = await world.node('a');
  await live(world, 2, 'a');
  expect(online(a)).toBe(120);
  expectOneOwnerEach(world);
});

test('nodes that start together share', async () => {
  const world = worldOf(30);
  const [a, b, c] = [await world.node('a'), await world.node('b'), await world.node('c')];
  await live(world, 10, 'a', 'b', 'c');
  expect([a.size, b.size, c.size].reduce((sum, size) => sum + size)).toBe(30);
  expect(Math.max(a.size, b.size, c.size)).toBeLessThanOrEqual(12);
  expectOneOwnerEach(world);
});

test('a node that joins gets its share, phone by phone, without a DISCONNECTED', async () => {
  const world = worldOf(40);
  const a = await world.node('a');
  await live(world, 5, 'a');
  const b = await world.node('b');
  await live(world, 30, 'a', 'b');
  expect(a.size + b.size).toBe(40);
  expect(b.size).toBeGreaterThanOrEqual(18);
  for (const phoneId of world.db.phones.keys()) {
    expect(world.events(phoneId)).not.toContain('disconnected');
    expect(world.shown(phoneId).wa_state).toBe('CONNECTED');
  }
  expectOneOwnerEach(world);
});

test('two nodes that have their share hand nothing back and forth', async () => {
  const world = worldOf(41);
  await world.node('a');
  await world.node('b');
  await live(world, 30, 'a', 'b');
  const opened = world.engine.sessions.length;
  await live(world, 60, 'a', 'b');
  expect(world.engine.sessions).toHaveLength(opened);
});

test('the phones of a node that died run elsewhere when its time is over', async () => {
  const world = worldOf(10);
  await world.node('a');
  await live(world, 3, 'a');
  world.kill('a');
  const b = await world.node('b');
  await live(world, 28, 'b');
  expect(b.size).toBe(0);
  await live(world, 3, 'b');
  expect(online(b)).toBe(10);
});

test('a node without a heartbeat closes every socket before anybody may take its phones', async () => {
  const world = worldOf(10);
  await world.node('a');
  await live(world, 3, 'a');
  await world.clock.advance(20_000);
  await world.clock.advance(2_000);
  expect(world.engine.sessions.filter(({ isOpen }) => isOpen)).toEqual([]);
});

test('it closes them also while the database hangs in the middle of a look', async () => {
  const world = worldOf(10);
  await world.node('a');
  await live(world, 3, 'a');
  world.db.before = () => new Promise(() => {});
  await world.clock.advance(22_000);
  expect(world.engine.sessions.filter(({ isOpen }) => isOpen)).toEqual([]);
});

test('a node whose database comes back runs its phones again, also those it could not give back', async () => {
  const world = worldOf(10);
  const a = await world.node('a');
  await live(world, 3, 'a');
  world.db.before = () => {
    throw new Error('connection refused');
  };
  await world.clock.advance(25_000);
  expect(a.size).toBe(0);
  world.db.before = () => {};
  await live(world, 3, 'a');
  expect(online(a)).toBe(10);
  expectOneOwnerEach(world);
});

test('phones whose claim was never answered are run', async () => {
  const world = worldOf(10);
  world.db.after = (call) => {
    if (call === 'claim') throw new Error('connection reset');
  };
  const a = await world.node('a');
  await live(world, 3, 'a');
  expect(online(a)).toBe(10);
  expect([...world.db.phones.values()].every(({ lease }) => lease.epoch === 1)).toBe(true);
});

test('a phone at rest goes back, and its next command is executed by whoever takes it', async () => {
  const world = worldOf(0);
  world.engine.onOpen = () => {};
  const { phoneId } = world.db.add({ name: 'off', cause: 'qr_expired', since: 0 });
  const a = await world.node('a');
  await live(world, 2, 'a');
  expect(world.db.row(phoneId).lease.epoch).toBe(0);
  world.db.command(phoneId, 'restart');
  await live(world, 1, 'a');
  await world.engine.last.offerQr('code');
  expect(world.shown(phoneId).qr_code).toBe('code');
  await world.engine.last.end({ source: 'pairing-ended' });
  await live(world, 1, 'a');
  expect(a.size).toBe(0);
  expect(world.db.row(phoneId).lease.nodeId).toBeNull();
});

test('a release that failed does not keep a phone from its next command', async () => {
  const world = worldOf(0);
  world.engine.onOpen = () => {};
  const { phoneId } = world.db.add({ name: 'off', cause: 'qr_expired', since: 0 });
  await world.node('a');
  world.db.before = (call) => {
    if (call === 'release') throw new Error('connection reset');
  };
  world.db.command(phoneId, 'restart');
  await live(world, 1, 'a');
  await world.engine.last.end({ source: 'pairing-ended' });
  await live(world, 2, 'a');
  expect(world.db.row(phoneId).lease.nodeId).toBe('a');
  world.db.before = () => {};
  const before = world.engine.sessions.length;
  world.db.command(phoneId, 'restart');
  await live(world, 2, 'a');
  expect(world.engine.sessions.length).toBeGreaterThan(before);
});

test.each<CommandKind>(['restart', 'resync'])('%s reaches the session of a phone that runs here', async (kind) => {
  const world = worldOf(3);
  await world.node('a');
  await live(world, 2, 'a');
  world.db.command('phone-2', kind);
  await live(world, 1, 'a');
  expect(world.db.commands).toEqual([]);
});

test('a lease that another node took closes the session here', async () => {
  const world = worldOf(1);
  const a = await world.node('a');
  await live(world, 2, 'a');
  world.db.take(world.db.row('phone-1'), 'b');
  await world.engine.last.tell({ kind: 'primary-seen', at: new Date() });
  expect(a.size).toBe(0);
  expect(world.engine.openOf('phone-1')).toEqual([]);
});

test('a lease that is ours no more by what is stored is let go, and taken anew when the former session is closed', async () => {
  const world = worldOf(1);
  const a = await world.node('a');
  await live(world, 2, 'a');
  const old = world.engine.last;
  // Others held us for dead for a moment; the phone is free again and we claim it with a new epoch.
  world.db.row('phone-1').lease = { nodeId: null, epoch: 7 };
  a.look();
  await live(world, 2, 'a');
  expect(old.isOpen).toBe(false);
  expect(world.engine.last.input.lease.epoch).toBe(8);
  expectOneOwnerEach(world);
});

test('stopping leaves every phone as it is, gives the leases back and leaves no timer', async () => {
  const world = worldOf(20);
  const a = await world.node('a');
  await live(world, 3, 'a');
  const [first, second] = [a.stop(), a.stop()];
  await world.clock.advance(1_000);
  await Promise.all([first, second]);
  expect(world.engine.sessions.filter(({ isOpen }) => isOpen)).toEqual([]);
  expect([...world.db.phones.values()].every(({ lease }) => lease.nodeId === null)).toBe(true);
  expect(world.db.nodes.size).toBe(0);
  expect(world.shown('phone-1').wa_state).toBe('CONNECTED');
  a.look();
  await world.clock.advance(60_000);
  expect(world.clock.timers).toBe(0);
});

test('stopping ends within 25 seconds although the database hangs', async () => {
  const world = worldOf(5);
  const a = await world.node('a');
  await live(world, 3, 'a');
  world.db.before = () => new Promise(() => {});
  let stopped = false;
  void a.stop().then(() => {
    stopped = true;
  });
  await world.clock.advance(10_000);
  expect(world.engine.sessions.filter(({ isOpen }) => isOpen)).toEqual([]);
  await world.clock.advance(15_000);
  expect(stopped).toBe(true);
});

test('a node that is leaving is handed nothing', async () => {
  const world = worldOf(6);
  const [a, b] = [await world.node('a'), await world.node('b')];
  await live(world, 3, 'a', 'b');
  void a.stop();
  await live(world, 5, 'b');
  expect(online(b)).toBe(6);
  expectOneOwnerEach(world);
});
