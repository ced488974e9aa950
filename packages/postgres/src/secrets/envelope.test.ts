import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { open, SealBroken, seal } from './envelope.js';

const key = randomBytes(32);
const plaintext = Buffer.from('private');
const place = ['phone-a', 'session', 'peer.1'];

test('what was sealed opens at its place with its key, and looks different every time', () => {
  const sealed = seal(key, plaintext, place);
  expect(open(key, sealed, place)).toEqual(plaintext);
  expect(open(key, seal(key, Buffer.alloc(0), place), place)).toEqual(Buffer.alloc(0));
  expect(sealed.includes(plaintext)).toBe(false);
  expect(seal(key, plaintext, place)).not.toEqual(sealed);
});

test('nothing else opens it', () => {
  const sealed = seal(key, plaintext, place);
  const broken = (change: () => unknown) => expect(change).toThrow(SealBroken);
  broken(() => open(randomBytes(32), sealed, place));
  broken(() => open(key, sealed, ['phone-b', 'session', 'peer.1']));
  broken(() => open(key, sealed, ['phone-a', 'sessionp', 'eer.1']));
  broken(() => open(key, sealed, ['phone-a', 'session,peer.1']));
  broken(() => open(key, sealed.subarray(0, -1), place));
  broken(() => open(key, Buffer.alloc(0), place));
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    broken(() => open(key, changed, place));
  }
});
