import { describe, expect, it } from 'vitest';
import { parseExpiry } from './key-expiry.js';

const now = Date.parse('2026-01-01T00:00:00Z');

describe('when a key expires', () => {
  it.each([
    ['12h', '2026-01-01T12:00:00.000Z'],
    ['90d', '2026-04-01T00:00:00.000Z'],
    ['2026-02-03', '2026-02-03T00:00:00.000Z'],
    ['2026-02-03T04:05:06+01:00', '2026-02-03T03:05:06.000Z'],
  ])('%s', (text, expected) => expect(parseExpiry(text, now).toISOString()).toBe(expected));

  it.each(['0d', '-1d', '1w', 'd', 'soon', '', '2026', '2026-13-01', '1e5d', '999999d'])('refuses %j', (text) =>
    expect(() => parseExpiry(text, now)).toThrow(/--expires must be like/),
  );

  it('refuses the past', () => expect(() => parseExpiry('2025-12-31', now)).toThrow(/in the future/));
});
