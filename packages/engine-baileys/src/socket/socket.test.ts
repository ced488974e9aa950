import { EventEmitter } from 'node:events';
import { systemClock } from '@trunkline/core';
import type { BinaryNode } from 'baileys';
import { describe, expect, test } from 'vitest';
import { BoundedCache } from './bounded-cache.js';
import { closeQuickly } from './raw-socket.js';
import { guardListeners, takeOver } from './sole-listener.js';
import { StanzaLane } from './stanza-lane.js';

const stanza = (id: string, isOffline: boolean): BinaryNode => ({
  tag: 'message',
  attrs: { id, ...(isOffline ? { offline: '0' } : {}) },
});

function lane(handle: (node: BinaryNode) => unknown) {
  const client = new EventEmitter();
  const seen: string[] = [];
  const faults: Error[] = [];
  for (const name of ['message', 'receipt', 'notification', 'call'])
    client.on(`CB:${name}`, (node: BinaryNode) => handle(node));
  const state = { isOver: false, paused: 0, resumed: 0 };
  const made = new StanzaLane(client, {
    arrived: (node) => seen.push(`in ${node.attrs.id}`),
    finished: (node) => seen.push(`out ${node.attrs.id}`),
    failed: (error) => faults.push(error),
    isOver: () => state.isOver,
    room: async () => {},
    pause: () => {
      state.paused += 1;
    },
    resume: () => {
      state.resumed += 1;
    },
  });
  return { client, seen, faults, made, state };
}

describe('the way of stanzas', () => {
  test('the backlog is handled one by one and in order, what is live at once', async () => {
    const gates: (() => void)[] = [];
    const handled: string[] = [];
    const { client, made } = lane((node) => {
      handled.push(`${node.attrs.id} ${'offline' in node.attrs}`);
      return new Promise<void>((resolve) => gates.push(resolve));
    });
    client.emit('CB:message', stanza('1', true));
    client.emit('CB:message', stanza('2', true));
    client.emit('CB:message', stanza('live', false));
    const done = new Promise<void>((resolve) => made.afterBacklog(resolve));
    await Promise.resolve();
    expect(handled).toEqual(['live false', '1 false']);
    while (handled.length < 3) {
      for (const open of gates.splice(0)) open();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const open of gates.splice(0)) open();
    await done;
    expect(handled).toEqual(['live false', '1 false', '2 false']);
  });

  test('a handler that fails is told and does not stop the next one', async () => {
    const { client, seen, faults, made } = lane(async (node) => {
      if (node.attrs.id === '1') throw new Error('boom');
    });
    client.emit('CB:message', stanza('1', true));
    client.emit('CB:receipt', stanza('2', true));
    await new Promise<void>((resolve) => made.afterBacklog(resolve));
    expect(seen).toEqual(['in 1', 'in 2', 'out 1', 'out 2']);
    expect(faults.map(({ message }) => message)).toEqual(['boom']);
  });

  test('after the end nothing more is handled', async () => {
    let handled = 0;
    const { client, made, state } = lane(async () => {
      handled += 1;
      state.isOver = true;
    });
    for (let id = 0; id < 5; id += 1) client.emit('CB:message', stanza(String(id), true));
    await new Promise<void>((resolve) => made.afterBacklog(resolve));
    expect(handled).toBe(1);
  });

  test('a flood stops the reading until most of it is done', async () => {
    const { client, made, state } = lane(async () => {});
    for (let id = 0; id < 6_000; id += 1) client.emit('CB:message', stanza(String(id), true));
    expect(state).toMatchObject({ paused: 1, resumed: 0 });
    await new Promise<void>((resolve) => made.afterBacklog(resolve));
    expect(state).toMatchObject({ paused: 1, resumed: 1 });
  });
});

describe('listeners of the library', () => {
  test('the only one is replaced and can still be called', () => {
    const emitter = new EventEmitter();
    const heard: unknown[] = [];
    emitter.on('x', (...args) => heard.push(args));
    takeOver(
      emitter,
      'x',
      (original) =>
        (...args) =>
          original('before', ...args),
    );
    emitter.emit('x', 1);
    expect(heard).toEqual([['before', 1]]);
  });

  test('asynchronous ones no longer reject into the void', async () => {
    const emitter = new EventEmitter();
    const faults: string[] = [];
    const reject: (...args: unknown[]) => unknown = () => Promise.reject(new Error('late'));
    emitter.on('CB:a', (...args) => reject(...args));
    emitter.on('CB:a', () => {
      throw new Error('at once');
    });
    guardListeners(
      emitter,
      (event) => event.startsWith('CB:'),
      (error) => faults.push(error.message),
    );
    emitter.emit('CB:a');
    await new Promise((resolve) => setImmediate(resolve));
    expect(faults.sort()).toEqual(['at once', 'late']);
  });
});

class FakeSocket extends EventEmitter {
  readyState = 1;
  readonly calls: string[] = [];
  close(): void {
    this.calls.push('close');
  }
  terminate(): void {
    this.calls.push('terminate');
    this.readyState = 3;
    this.emit('close');
  }
  pause(): void {}
  resume(): void {}
}

class Client extends EventEmitter {
  socket: FakeSocket | null = new FakeSocket();
  async close(): Promise<void> {
    throw new Error('the slow close of the library');
  }
}

describe('the WebSocket underneath', () => {
  test('a goodbye that nobody answers is cut short', async () => {
    const client = new Client();
    const socket = client.socket;
    closeQuickly(client, 5, (ms, run) => systemClock.after(ms, run));
    const closing = client.close();
    // The clock of the engine does not keep a process alive; the test does.
    const alive = setInterval(() => {}, 5);
    await closing;
    clearInterval(alive);
    expect(socket?.calls).toEqual(['close', 'terminate']);
    expect(client.socket).toBeNull();
    await client.close();
  });
});

test('a cache forgets what is old and what is too much', () => {
  let now = 0;
  const cache = new BoundedCache(2, 100, { ...systemClock, monotonic: () => now });
  cache.set('a', 1);
  cache.set('b', 2);
  cache.set('c', 3);
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([undefined, 2, 3]);
  now = 100;
  expect(cache.get('b')).toBeUndefined();
  cache.mset([{ key: 'd', value: 4 }]);
  expect(cache.mdel(['c', 'd', 'e'])).toBe(2);
  cache.flushAll();
  expect(cache.get('c')).toBeUndefined();
});
