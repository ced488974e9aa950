import { ManualClock, silentLog } from '@trunkline/testkit/phone';
import { expect, test } from 'vitest';
import { Tidying } from './tidying.js';

test('tidies every minute, also after a failure, and no more once stopped', async () => {
  const clock = new ManualClock();
  let times = 0;
  const tidying = new Tidying({
    tidy: async () => {
      times += 1;
      if (times === 1) throw new Error('the database is away');
      return { events: 3 };
    },
    clock,
    log: silentLog,
  });
  tidying.start();
  await clock.advance(60_000);
  expect(times).toBe(1);
  await clock.advance(60_000);
  expect(times).toBe(2);
  await tidying.stop();
  await clock.advance(120_000);
  expect(times).toBe(2);
});
