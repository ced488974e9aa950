import { expect, it } from 'vitest';
import { wakes } from './wakes.js';

function watched() {
  const state = { wake: () => {}, stopped: false };
  const watch = (onWake: () => void) => {
    state.wake = onWake;
    return () => {
      state.stopped = true;
    };
  };
  return { state, watch };
}

it('wakes at once, then once for all calls that came while the consumer was busy', async () => {
  const { state, watch } = watched();
  const end = new AbortController();
  let rounds = 0;
  for await (const _ of wakes(watch, end.signal)) {
    rounds += 1;
    if (rounds === 1) {
      state.wake();
      state.wake();
    } else {
      queueMicrotask(rounds === 2 ? state.wake : () => end.abort());
    }
  }
  expect(rounds).toBe(3);
  expect(state.stopped).toBe(true);
});

it('ends while it waits, and stops watching when the consumer leaves', async () => {
  const { state, watch } = watched();
  const end = new AbortController();
  for await (const _ of wakes(watch, end.signal)) setImmediate(() => end.abort());
  expect(state.stopped).toBe(true);

  const left = watched();
  for await (const _ of wakes(left.watch, new AbortController().signal)) break;
  expect(left.state.stopped).toBe(true);
});
