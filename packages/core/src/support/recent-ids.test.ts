import { expect, test } from 'vitest';
import { RecentIds } from './recent-ids.js';

test('an id is new once, whatever came in between', () => {
  const ids = new RecentIds(3);
  expect([6, 5, 6, 7, 5].map((id) => ids.add(id))).toEqual([true, true, false, true, false]);
});

test('only the last ones are kept', () => {
  const ids = new RecentIds(2);
  for (const id of [1, 2, 3]) ids.add(id);
  expect(ids.add(3)).toBe(false);
  expect(ids.add(1)).toBe(true);
});
