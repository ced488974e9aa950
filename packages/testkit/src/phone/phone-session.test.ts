import type { HistoryBatch } from '@trunkline/core';
import { describe, expect, test } from 'vitest';
import { settled } from './manual-clock.js';
import { PhoneWorld } from './phone-world.js';
import { ASHA, CREDENTIALS, connected, message, online } from './session-scenes.js';

const DATABASE_IS_AWAY = new Error('connection refused');

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
