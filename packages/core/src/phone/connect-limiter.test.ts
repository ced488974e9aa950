import { ManualClock } from '@trunkline/testkit/phone';
import { expect, test } from 'vitest';
import { ConnectLimiter } from './connect-limiter.js';

function fleet(inFlight: number, perSecond: number | null) {
  const clock = new ManualClock();
  const limiter = new ConnectLimiter(clock, { inFlight, perSecond });
  const begun: string[] = [];
  const enter = (name: string, isUrgent = false) => limiter.enter(() => begun.push(name), isUrgent);
  return { clock, limiter, begun, enter };
}

test('no more than the limit are in flight, and each that ends its turn makes room', () => {
  const { begun, enter, limiter } = fleet(2, null);
  const [leaveA] = ['a', 'b', 'c', 'd'].map((name) => enter(name));
  expect(begun).toEqual(['a', 'b']);
  expect(limiter.waiting).toBe(2);
  leaveA?.();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('ending a turn twice makes room once', () => {
  const { begun, enter } = fleet(1, null);
  const [leaveA] = ['a', 'b', 'c'].map((name) => enter(name));
  leaveA?.();
  leaveA?.();
  expect(begun).toEqual(['a', 'b']);
});

test('whoever leaves while waiting is never begun and takes no room', () => {
  const { begun, enter } = fleet(1, null);
  const [leaveA, leaveB] = ['a', 'b', 'c'].map((name) => enter(name));
  leaveB?.();
  leaveB?.();
  leaveA?.();
  expect(begun).toEqual(['a', 'c']);
});

test('phones for which a person waits go first, among themselves as they came', () => {
  const { begun, enter } = fleet(1, null);
  const leave = enter('a');
  enter('b');
  enter('c');
  enter('x', true);
  enter('y', true);
  leave();
  expect(begun).toEqual(['a', 'x']);
});

test('openings are spread over the second', async () => {
  const { begun, enter, clock } = fleet(100, 10);
  for (let phone = 0; phone < 25; phone += 1) enter(`phone ${phone}`);
  expect(begun).toHaveLength(1);
  await clock.advance(999);
  expect(begun).toHaveLength(10);
  await clock.advance(1_001);
  expect(begun).toHaveLength(21);
  await clock.advance(60_000);
  expect(begun).toHaveLength(25);
  expect(clock.timers).toBe(0);
});

test('a quiet time saves no openings up', async () => {
  const { begun, enter, clock } = fleet(100, 10);
  await clock.advance(60_000);
  for (let phone = 0; phone < 5; phone += 1) enter(`phone ${phone}`);
  expect(begun).toHaveLength(1);
});

test('a turn that ends while it begins leaves no room behind', () => {
  const { limiter, begun } = fleet(1, null);
  let leave: () => void = () => {};
  leave = limiter.enter(() => {
    begun.push('a');
    leave();
  });
  leave();
  limiter.enter(() => begun.push('b'));
  expect(begun).toEqual(['a', 'b']);
});

test('while held nobody begins, and one at a time is let through', async () => {
  const { begun, enter, clock, limiter } = fleet(10, 10);
  limiter.hold();
  for (const name of ['a', 'b', 'c']) enter(name);
  await clock.advance(60_000);
  expect(begun).toEqual([]);
  limiter.letOne();
  await clock.advance(60_000);
  expect(begun).toEqual(['a']);
  limiter.release();
  await clock.advance(1_000);
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('a permit that nobody waits for serves the next to come, once', () => {
  const { begun, enter, limiter } = fleet(10, null);
  limiter.hold();
  limiter.letOne();
  limiter.letOne();
  enter('a');
  enter('b');
  expect(begun).toEqual(['a']);
  limiter.hold();
  enter('c');
  expect(begun).toEqual(['a']);
});
