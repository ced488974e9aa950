import { describe, expect, test } from 'vitest';
import { SocketWatch } from './socket-watch.js';

const limits = { connectTimeoutMs: 45_000, halfOpenMs: 60_000, deafMs: 110_000 };

describe('the watch over one socket', () => {
  test('an attempt that is neither open nor offers a pairing ends at the connect deadline', () => {
    const watch = new SocketWatch(limits, 0);
    watch.frame(1_000);
    expect(watch.verdict(44_999)).toBeNull();
    expect(watch.verdict(45_000)).toEqual({ source: 'connect-timeout' });
  });

  test('an open socket lives while frames come and is half-open when they stop', () => {
    const watch = new SocketWatch(limits, 0);
    watch.useful();
    for (let now = 0; now < 600_000; now += 25_000) {
      watch.frame(now);
      expect(watch.verdict(now + 25_000)).toBeNull();
    }
    watch.frame(600_000);
    expect(watch.verdict(659_999)).toBeNull();
    expect(watch.verdict(660_000)).toEqual({ source: 'half-open' });
  });

  test('a quiet phone is not deaf; one whose stanzas wait is, unless something still gets done', () => {
    const watch = new SocketWatch(limits, 0);
    watch.useful();
    const alive = (now: number): ReturnType<typeof watch.verdict> => {
      watch.frame(now);
      return watch.verdict(now);
    };
    expect(alive(500_000)).toBeNull();
    watch.stanzaIn(500_000);
    watch.stanzaIn(501_000);
    watch.stanzaIn(502_000);
    expect(alive(609_999)).toBeNull();
    watch.stanzaDone(609_999);
    expect(alive(719_000)).toBeNull();
    expect(alive(719_999)).toEqual({ source: 'deaf' });
  });
});
