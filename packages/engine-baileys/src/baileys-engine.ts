import type { Engine } from '@trunkline/core';
import { OwnPictures } from './account/own-picture.js';
import { HangingWrites } from './auth/hanging-writes.js';
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
  const isSandbox = options.trustedRoot !== undefined || options.socketUrl !== undefined;
  const shared = {
    settings,
    round: new WatchRound(settings.clock),
    hanging: new HangingWrites(),
    pictures: new OwnPictures({ log: settings.log, isSandbox }),
  };
  return {
    open(input) {
      const session = new BaileysSession(shared, input);
      session.start();
      return session;
    },
  };
}
