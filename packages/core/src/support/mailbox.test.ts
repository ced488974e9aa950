import { ManualClock, settled } from '@trunkline/testkit/phone';
import { expect, test } from 'vitest';
import { LeaseLost } from './errors.js';
import { Mailbox } from './mailbox.js';

function setUp() {
  const clock = new ManualClock();
  const faults: unknown[] = [];
  const retries: number[] = [];
  const mailbox = new Mailbox(clock, {
    onFault: (error) => faults.push(error),
    onRetry: (_error, attempt) => retries.push(attempt),
  });
  return { clock, faults, retries, mailbox };
}

/** A promise that the test opens. */
function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('tasks run one after another in the order they were posted', async () => {
  const { mailbox } = setUp();
  const said: string[] = [];
  const first = gate();
  void mailbox.post(async () => {
    said.push('first begins');
    await first.opened;
    said.push('first ends');
  });
  const second = mailbox.post(async () => void said.push('second'));
  await settled();
  expect(said).toEqual(['first begins']);
  expect(mailbox.waiting).toBe(1);
  first.open();
  await second;
  expect(said).toEqual(['first begins', 'first ends', 'second']);
});

test('a task posted by a task before its first await still waits for it', async () => {
  const { mailbox } = setUp();
  const said: string[] = [];
  await mailbox.post(async () => {
    void mailbox.post(async () => void said.push('inner'));
    said.push('outer begins');
    await settled();
    said.push('outer ends');
  });
  await settled();
  expect(said).toEqual(['outer begins', 'outer ends', 'inner']);
});

test('a failing task is reported and the next one runs', async () => {
  const { mailbox, faults } = setUp();
  const error = new Error('no');
  await mailbox.post(() => Promise.reject(error));
  let ran = false;
  await mailbox.post(async () => {
    ran = true;
  });
  expect(ran).toBe(true);
  expect(faults).toEqual([error]);
});

test('a step is insisted on with growing pauses of at most two seconds', async () => {
  const { mailbox, clock, retries, faults } = setUp();
  const at: number[] = [];
  const began = clock.monotonic();
  void mailbox.post(() =>
    mailbox.insist(async () => {
      at.push(clock.monotonic() - began);
      if (at.length < 9) throw new Error('database is away');
    }),
  );
  await clock.advance(60_000);
  expect(at).toEqual([0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100, 9_100]);
  expect(retries).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(faults).toEqual([]);
});

test('a domain error is not insisted on', async () => {
  const { mailbox, faults, retries } = setUp();
  await mailbox.post(() => mailbox.insist(() => Promise.reject(new LeaseLost('phone-a'))));
  expect(faults).toEqual([expect.any(LeaseLost)]);
  expect(retries).toEqual([]);
});

test('a step with a number of attempts gives up after them', async () => {
  const { mailbox, clock, faults } = setUp();
  let calls = 0;
  const over = mailbox.post(() =>
    mailbox.insist(() => {
      calls += 1;
      return Promise.reject(new Error('poison'));
    }, 3),
  );
  await clock.advance(10_000);
  await over;
  expect(calls).toBe(3);
  expect(faults).toHaveLength(1);
});

test('closing drops what waits, ends a retry at once and takes nothing more', async () => {
  const { mailbox, clock } = setUp();
  let calls = 0;
  let dropped = true;
  const retrying = mailbox.post(() =>
    mailbox.insist(() => {
      calls += 1;
      return Promise.reject(new Error('database is away'));
    }),
  );
  const waiting = mailbox.post(async () => {
    dropped = false;
  });
  await settled();
  await mailbox.close();
  await Promise.all([retrying, waiting]);
  await mailbox.post(async () => {
    dropped = false;
  });
  await clock.advance(60_000);
  expect(calls).toBe(1);
  expect(dropped).toBe(true);
  expect(clock.timers).toBe(0);
});

test('closing waits for the task that runs, also when closed twice', async () => {
  const { mailbox } = setUp();
  const task = gate();
  let over = 0;
  void mailbox.post(() => task.opened);
  for (const closing of [mailbox.close(), mailbox.close()]) void closing.then(() => (over += 1));
  await settled();
  expect(over).toBe(0);
  task.open();
  await settled();
  expect(over).toBe(2);
});
