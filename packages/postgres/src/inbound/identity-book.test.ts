import type { Lid, PhoneNumber } from '@trunkline/core';
import { describe, expect, test } from 'vitest';
import { IdentityBook, type Person } from './identity-book.js';

const [N1, N2] = ['4911111111' as PhoneNumber, '4922222222' as PhoneNumber];
const [L1, L2] = ['111111111111111' as Lid, '222222222222222' as Lid];
const person = (number: PhoneNumber | null, lid: Lid | null, name: string | null = null): Person => ({
  number,
  lid,
  name,
});
const row = (identityId: number, number: PhoneNumber | null, lid: Lid | null, name: string | null = null) => ({
  identityId,
  ...person(number, lid, name),
});
const nothing = { added: [], updated: [], deleted: [], learned: [] };

describe('a person', () => {
  test('is added with what is known', () => {
    const book = new IdentityBook([]);
    book.learn(person(N1, null, 'Ada'), 'live');
    book.learn(person(null, L2), 'live');
    book.learn(person(null, null, 'nobody'), 'live');
    expect(book.changes()).toEqual({ ...nothing, added: [person(N1, null, 'Ada'), person(null, L2)] });
  });

  test('that is known changes nothing', () => {
    const book = new IdentityBook([row(1, N1, L1, 'Ada')]);
    for (const known of [person(N1, null), person(null, L1), person(N1, L1, 'Ada')]) book.learn(known, 'live');
    expect(book.changes()).toEqual(nothing);
    expect(book.complete({ number: null, lid: L1 })).toEqual({ number: N1, lid: L1 });
  });

  test('learned as a pair at once is one row', () => {
    const book = new IdentityBook([]);
    book.learn(person(N1, L1), 'live');
    book.learn(person(null, L1, 'Ada'), 'live');
    expect(book.changes()).toEqual({ ...nothing, added: [person(N1, L1, 'Ada')], learned: [{ lid: L1, number: N1 }] });
  });

  test('known by LID gets the number that is learned, and the other way round', () => {
    const byLid = new IdentityBook([row(1, null, L1, 'Ada')]);
    byLid.learn(person(N1, L1), 'history');
    expect(byLid.changes()).toEqual({
      ...nothing,
      updated: [row(1, N1, L1, 'Ada')],
      learned: [{ lid: L1, number: N1 }],
    });
    const byNumber = new IdentityBook([row(1, N1, null)]);
    byNumber.learn(person(N1, L1), 'live');
    expect(byNumber.changes()).toEqual({ ...nothing, updated: [row(1, N1, L1)], learned: [{ lid: L1, number: N1 }] });
  });

  test('known as two becomes one', () => {
    const book = new IdentityBook([row(1, N1, null), row(2, null, L1, 'Ada')]);
    book.learn(person(N1, L1), 'live');
    expect(book.changes()).toEqual({
      added: [],
      updated: [row(1, N1, L1, 'Ada')],
      deleted: [2],
      learned: [{ lid: L1, number: N1 }],
    });
  });
});

describe('a pair that contradicts what is known', () => {
  test('moves the number to the account that a live stanza names', () => {
    const book = new IdentityBook([row(1, N1, L1, 'Ada'), row(2, N2, L2, 'Bob')]);
    book.learn(person(N1, L2), 'live');
    expect(book.changes()).toEqual({
      ...nothing,
      updated: [row(2, N1, L2, 'Bob'), row(1, null, L1, 'Ada')],
      learned: [{ lid: L2, number: N1 }],
    });
    expect(book.complete({ number: N2, lid: null })).toEqual({ number: N2, lid: null });
  });

  test('is ignored when it comes from history', () => {
    const book = new IdentityBook([row(1, N1, L1, 'Ada')]);
    book.learn(person(N1, L2, 'Bob'), 'history');
    book.learn(person(N2, L1, 'Bob'), 'history');
    expect(book.changes()).toEqual(nothing);
  });
});

test('a name is replaced by a live one and only filled in by history', () => {
  const live = new IdentityBook([row(1, N1, null, 'Ada')]);
  live.learn(person(N1, null, 'Ada L.'), 'live');
  live.learn(person(N1, null, null), 'live');
  expect(live.changes().updated).toEqual([row(1, N1, null, 'Ada L.')]);
  const history = new IdentityBook([row(1, N1, null, 'Ada'), row(2, N2, null)]);
  history.learn(person(N1, null, 'old'), 'history');
  history.learn(person(N2, null, 'Bob'), 'history');
  expect(history.changes().updated).toEqual([row(2, N2, null, 'Bob')]);
});
