import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { FrameLengths, guardFrames } from './frame-guard.js';

const prefix = (length: number): Buffer => Buffer.from([length >> 16, (length >> 8) & 255, length & 255]);

test('frames are followed across any split of the stream', () => {
  const stream = Buffer.concat(
    [5, 0, 300, 70_000].map((length) => Buffer.concat([prefix(length), Buffer.alloc(length, 255)])),
  );
  for (const size of [1, 2, 3, 7, 1_000, stream.length]) {
    const lengths = new FrameLengths();
    for (let at = 0; at < stream.length; at += size) lengths.accept(stream.subarray(at, at + size));
  }
});

test('a frame that claims to be huge is refused at its prefix', () => {
  expect(() => new FrameLengths().accept(Buffer.from([0xff, 0xff, 0xff]))).toThrow('a frame of 16777215 bytes');
  const split = new FrameLengths();
  split.accept(Buffer.from([0xff, 0xff]));
  expect(() => split.accept(Buffer.from([0xff]))).toThrow('a frame of');
});

test('an error of the decoder is told and goes nowhere else', async () => {
  const client = new EventEmitter();
  // As the library does it: an async listener, whose rejection nobody catches.
  const listener: () => unknown = () => Promise.reject(new Error('unable to authenticate data'));
  client.on('message', listener);
  const told = new Promise<Error>((resolve) => guardFrames(client, resolve));
  client.emit('message', Buffer.from([0, 0, 1, 1]), true);
  expect((await told).message).toBe('unable to authenticate data');
});

test('an upgrade of the library that listens differently is noticed at once', () => {
  const client = new EventEmitter();
  expect(() => guardFrames(client, () => {})).toThrow('one listener on "message", found 0');
  client.on('message', () => {}).on('message', () => {});
  expect(() => guardFrames(client, () => {})).toThrow('found 2');
});
