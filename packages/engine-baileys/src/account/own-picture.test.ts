import { silentLog } from '@trunkline/testkit';
import type { BinaryNode } from 'baileys';
import { expect, test } from 'vitest';
import { OwnPictures } from './own-picture.js';

const request = (query: (node: BinaryNode) => Promise<BinaryNode | undefined>, isForced = false) => ({
  phoneId: 'phone-1',
  jid: '15550001:3@s.whatsapp.net',
  query,
  isForced,
});

const answer = (url: string): BinaryNode => ({
  tag: 'iq',
  attrs: {},
  content: [{ tag: 'picture', attrs: { id: '7', url } }],
});

test('an account without a picture is learned once, and asked about again only when told to', async () => {
  const pictures = new OwnPictures({ log: silentLog, isSandbox: true });
  let asked = 0;
  const none = async (): Promise<BinaryNode> => {
    asked += 1;
    throw Object.assign(new Error('item-not-found'), { data: 404 });
  };
  expect(await pictures.read(request(none))).toBeNull();
  expect(await pictures.read(request(none))).toBeUndefined();
  expect(asked).toBe(1);
  expect(await pictures.read(request(none, true))).toBeUndefined();
  expect(asked).toBe(2);
});

test.each([
  [false, 'https://example.org/picture.jpg'],
  [false, 'https://whatsapp.net.example.org/picture.jpg'],
  [false, 'http://pps.whatsapp.net/picture.jpg'],
  [false, 'https://127.0.0.1/picture.jpg'],
  [true, 'https://pps.whatsapp.net/picture.jpg'],
  [true, 'http://127.0.0.1/picture.jpg'],
  [true, 'https://10.0.0.1/picture.jpg'],
])('sandbox %s does not fetch from %s', async (isSandbox, url) => {
  const pictures = new OwnPictures({ log: silentLog, isSandbox });
  const fetched: unknown[] = [];
  const original = globalThis.fetch;
  globalThis.fetch = async (input) => {
    fetched.push(input);
    return new Response();
  };
  expect(await pictures.read(request(async () => answer(url)))).toBeUndefined();
  globalThis.fetch = original;
  expect(fetched).toEqual([]);
});

test('a failure is nothing learned, and the next try asks again', async () => {
  const pictures = new OwnPictures({ log: silentLog, isSandbox: true });
  let asked = 0;
  const silent = async (): Promise<undefined> => {
    asked += 1;
    return undefined;
  };
  expect(await pictures.read(request(silent))).toBeUndefined();
  expect(await pictures.read(request(silent))).toBeUndefined();
  expect(asked).toBe(2);
});
