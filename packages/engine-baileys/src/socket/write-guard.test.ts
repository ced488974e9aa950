import { expect, test } from 'vitest';
import { type FrameWriter, guardWrites } from './write-guard.js';

test('nothing goes on the wire once our right to run the phone has ended', () => {
  const written: unknown[] = [];
  const ws: FrameWriter = { send: (data) => written.push(data) > 0 };
  let mayWrite = true;
  let refused = 0;
  const faults: (Error | undefined)[] = [];
  guardWrites(
    ws,
    () => mayWrite,
    () => {
      refused += 1;
    },
  );

  expect(ws.send('first')).toBe(true);
  mayWrite = false;
  expect(ws.send('second', (error) => faults.push(error))).toBe(false);

  expect(written).toEqual(['first']);
  expect(refused).toBe(1);
  expect(faults[0]?.message).toContain('has ended');
});
