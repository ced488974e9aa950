import { EventEmitter } from 'node:events';
import { beforeEach, expect, test } from 'vitest';
import { guardWrites } from './write-guard.js';

let wire: string[];
let mayWrite: boolean;
let refused: number;

class RawSocket {
  readyState = 1;
  #corked: string[] | null = null;
  readonly _socket = {
    cork: () => {
      this.#corked = [];
    },
    uncork: () => {
      wire.push((this.#corked ?? []).join('+'));
      this.#corked = null;
    },
  };
  close(): void {}
  pause(): void {}
  resume(): void {}
  terminate(): void {
    wire.push('terminated');
  }
  send(data: string, done?: () => void): void {
    if (this.#corked === null) wire.push(data);
    else this.#corked.push(data);
    done?.();
  }
}

class Client extends EventEmitter {
  readonly socket = new RawSocket();
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
let socket: RawSocket;

beforeEach(() => {
  wire = [];
  mayWrite = true;
  refused = 0;
  const client = new Client();
  socket = client.socket;
  guardWrites(client, {
    mayWrite: () => mayWrite,
    onRefused: () => {
      refused += 1;
    },
  });
});

test('frames of one turn leave in one write', async () => {
  socket.send('a');
  socket.send('b');
  await turn();
  socket.send('c');
  await turn();
  expect(wire).toEqual(['a+b', 'c']);
});

test('nothing goes on the wire once our right to run the phone has ended', async () => {
  const faults: (Error | undefined)[] = [];
  mayWrite = false;
  socket.send('late', (error?: Error) => void faults.push(error));
  await turn();
  expect([wire, refused]).toEqual([[], 1]);
  expect(faults[0]?.message).toContain('has ended');
});

test('a frame that was sent before a suspension does not leave after it', async () => {
  socket.send('before');
  mayWrite = false;
  await turn();
  expect([wire, refused]).toEqual([['terminated'], 1]);
});

test('an upgrade of the library that sends differently is noticed at once', () => {
  expect(() => guardWrites(new EventEmitter(), { mayWrite: () => true, onRefused: () => {} })).toThrow(
    'no longer sends',
  );
});
