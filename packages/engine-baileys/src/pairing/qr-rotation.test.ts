import type { Clock } from '@trunkline/core';
import { expect, test } from 'vitest';
import { QrRotation } from './qr-rotation.js';

/** A clock that only moves when told. */
function handClock(): Clock & { pass(ms: number): void } {
  let now = 1_000_000;
  let waiting: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now,
    after(ms, run) {
      const entry = { at: now + ms, run };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((one) => one !== entry);
      };
    },
    pass(ms) {
      now += ms;
      const due = waiting.filter(({ at }) => at <= now);
      waiting = waiting.filter(({ at }) => at > now);
      for (const { run } of due) run();
    },
  };
}

function rotation() {
  const clock = handClock();
  const offers: [string, number][] = [];
  let ended = 0;
  const rotating = new QrRotation({
    refs: ['a', 'b', 'c'],
    clock,
    firstMs: 60_000,
    nextMs: 20_000,
    offer: (ref, expiresAt) => offers.push([ref, expiresAt.getTime() - clock.now()]),
    ended: () => {
      ended += 1;
    },
  });
  return { clock, offers, rotating, ended: () => ended };
}

test('the first code lives a minute, the others 20 s, then the pairing ends once', () => {
  const { clock, offers, rotating, ended } = rotation();
  rotating.next();
  expect(offers).toEqual([['a', 60_000]]);
  clock.pass(59_999);
  expect(offers).toHaveLength(1);
  clock.pass(1);
  clock.pass(20_000);
  expect(offers).toEqual([
    ['a', 60_000],
    ['b', 20_000],
    ['c', 20_000],
  ]);
  expect(ended()).toBe(0);
  clock.pass(20_000);
  clock.pass(100_000);
  expect(ended()).toBe(1);
});

test('held, it neither offers nor ends', () => {
  const { clock, offers, rotating, ended } = rotation();
  rotating.next();
  rotating.hold();
  clock.pass(1_000_000);
  expect([offers.length, ended()]).toEqual([1, 0]);
});
