import type { Engine } from '@trunkline/core';
import { BaileysSession } from './baileys-session.js';
import { installRustCurve } from './curve/rust-curve.js';
import { type BaileysEngineOptions, settingsOf } from './engine-options.js';
import { WatchRound } from './guard/watch-round.js';
import { trustRoot } from './trusted-root.js';

/** The engine over the unmodified `baileys` library. Import `@trunkline/engine-baileys/prepare` and call it first. */
export function createBaileysEngine(options: BaileysEngineOptions): Engine {
  const settings = settingsOf(options);
  trustRoot(options.trustedRoot);
  installRustCurve();
  const round = new WatchRound(settings.clock);
  return {
    open(input) {
      const session = new BaileysSession(settings, round, input);
      session.start();
      return session;
    },
  };
}
