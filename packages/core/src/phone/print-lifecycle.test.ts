import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CAUSE_CODES } from './disconnect-cause.js';
import { observeTransitions } from './observed-transitions.js';
import { printLifecycle } from './print-lifecycle.js';

const PAGE = fileURLToPath(new URL('../../../../docs/phone-lifecycle.md', import.meta.url));

test('the page about the life of a phone says what the code does', async () => {
  await expect(printLifecycle()).toMatchFileSnapshot(PAGE);
});

test('every state can be reached and left', () => {
  const seen = observeTransitions();
  const states = ['off', 'starting', 'pairing', 'syncing', 'online', 'reconnecting', 'unlinked', 'halted'];
  for (const state of states) {
    expect(seen.some(({ to }) => to.startsWith(state))).toBe(true);
    expect(seen.some(({ from }) => from.startsWith(state))).toBe(true);
  }
});

test('every cause has a plain sentence', () => {
  const page = printLifecycle();
  for (const code of CAUSE_CODES) expect(page).toMatch(new RegExp(`^\\| ${code} \\| [A-Z][^|]+\\. \\|`, 'm'));
});
