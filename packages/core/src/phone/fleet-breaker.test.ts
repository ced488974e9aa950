import { ManualClock, silentLog } from '@trunkline/testkit/phone';
import { expect, test } from 'vitest';
import { ConnectLimiter } from './connect-limiter.js';
import type { CauseCode } from './disconnect-cause.js';
import { FleetBreaker } from './fleet-breaker.js';
import { transitionTo } from './phone-input.js';
import type { PhoneState } from './phone-state.js';

const RECONNECTING: PhoneState = {
  name: 'reconnecting',
  cause: 'network',
  retryAt: null,
  connectedUntil: null,
  failures: 1,
  since: 0,
};

function fleet(phones: number) {
  const clock = new ManualClock();
  const limiter = new ConnectLimiter(clock, { inFlight: 100, perSecond: null });
  const breaker = new FleetBreaker({ limiter, clock, log: silentLog, phones: () => phones });
  const begun: string[] = [];
  return {
    clock,
    breaker,
    begun,
    enter: (name: string) => limiter.enter(() => begun.push(name)),
    fails: (phoneId: string, code: CauseCode) =>
      breaker.hear(phoneId, RECONNECTING, transitionTo(RECONNECTING, { ended: { code, at: 0 } })),
    opens: (phoneId: string) =>
      breaker.hear(phoneId, RECONNECTING, transitionTo({ name: 'syncing', failures: 1, since: 0 })),
  };
}

test('one phone that is too old for WhatsApp holds all but the one that asks whether it is true', () => {
  const { breaker, fails, enter, begun } = fleet(500);
  fails('a', 'outdated');
  enter('b');
  enter('c');
  expect(breaker.heldFor).toBe('outdated');
  expect(begun).toEqual(['b']);
  fails('b', 'outdated');
  expect(begun).toEqual(['b']);
});

test('what one phone met was its own matter when the next gets through', () => {
  const { breaker, fails, opens, enter, begun } = fleet(500);
  fails('a', 'outdated');
  enter('b');
  enter('c');
  opens('b');
  expect(breaker.heldFor).toBeNull();
  expect(begun).toEqual(['b', 'c']);
});

test('a fifth of the fleet failing alike within a minute holds it', async () => {
  const { breaker, fails, clock } = fleet(50);
  for (let phone = 0; phone < 9; phone += 1) fails(`phone ${phone}`, 'network');
  await clock.advance(59_999);
  expect(breaker.heldFor).toBeNull();
  fails('phone 9', 'network');
  expect(breaker.heldFor).toBe('network');
});

test.each<[string, number, readonly [string, CauseCode][]]>([
  [
    'two phones, however small the fleet',
    2,
    [
      ['a', 'network'],
      ['b', 'network'],
    ],
  ],
  [
    'one phone failing over and over',
    5,
    [
      ['a', 'network'],
      ['a', 'network'],
      ['a', 'network'],
      ['a', 'network'],
    ],
  ],
  [
    'phones that fail for different causes',
    5,
    [
      ['a', 'network'],
      ['b', 'unavailable'],
      ['c', 'connect_timeout'],
    ],
  ],
  [
    'causes that are a matter of the phone',
    5,
    [
      ['a', 'half_open'],
      ['b', 'half_open'],
      ['c', 'half_open'],
    ],
  ],
])('%s do not hold it', (_what, phones, ends) => {
  const { breaker, fails } = fleet(phones);
  for (const [phoneId, code] of ends) fails(phoneId, code);
  expect(breaker.heldFor).toBeNull();
});

test('failures further apart than a minute do not add up', async () => {
  const { breaker, fails, clock } = fleet(3);
  for (const phoneId of ['a', 'b', 'c']) {
    fails(phoneId, 'network');
    await clock.advance(30_000);
  }
  expect(breaker.heldFor).toBeNull();
});

test('a held fleet probes with one phone a minute until one gets through', async () => {
  const { breaker, fails, opens, clock, enter, begun } = fleet(10);
  for (const phoneId of ['a', 'b', 'c']) fails(phoneId, 'connect_timeout');
  for (const phoneId of ['a', 'b', 'c', 'd']) enter(phoneId);
  await clock.advance(59_999);
  expect(begun).toEqual([]);
  await clock.advance(1);
  expect(begun).toEqual(['a']);
  fails('a', 'connect_timeout');
  await clock.advance(60_000);
  expect(begun).toEqual(['a', 'b']);
  opens('b');
  expect(breaker.heldFor).toBeNull();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  expect(clock.timers).toBe(0);
});

test('a phone that was under way when the fleet was held does not release it', () => {
  const { breaker, fails, opens } = fleet(10);
  for (const phoneId of ['a', 'b', 'c']) fails(phoneId, 'network');
  opens('d');
  expect(breaker.heldFor).toBe('network');
});

test('an edge that asks to slow down is left alone for five minutes', async () => {
  const { fails, clock, enter, begun } = fleet(10);
  fails('a', 'edge_busy');
  enter('b');
  fails('b', 'edge_busy');
  begun.length = 0;
  enter('a');
  await clock.advance(299_999);
  expect(begun).toEqual([]);
  await clock.advance(1);
  expect(begun).toEqual(['a']);
});

test('after it was released the fleet is held again only by new failures', async () => {
  const { breaker, fails, opens, clock } = fleet(10);
  for (const phoneId of ['a', 'b', 'c']) fails(phoneId, 'network');
  await clock.advance(60_000);
  opens('a');
  fails('b', 'network');
  expect(breaker.heldFor).toBeNull();
});
