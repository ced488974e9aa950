import type { Engine } from '../engine/engine-port.js';
import type { Lease } from '../lease/lease.js';
import type { Clock } from '../support/clock.js';
import type { Log } from '../support/log.js';
import type { ConnectLimiter } from './connect-limiter.js';
import type { Phone } from './phone.js';
import type { PublicPhone } from './phone-events.js';
import type { Transition } from './phone-input.js';
import type { PhoneState } from './phone-state.js';
import type { OwnedPhoneStore } from './phone-store.js';

/** Moments between two commits at which a test may end the process. */
export type CrashPoint = 'before-state' | 'after-state' | 'before-open' | 'before-receive' | 'after-receive';

export interface SessionDeps {
  readonly store: OwnedPhoneStore;
  readonly engine: Engine;
  readonly limiter: ConnectLimiter;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1. */
  readonly random: () => number;
  /** The public object that events carry. */
  readonly present: (phone: Phone) => PublicPhone;
  /** False when our right to run phones may have ended: nothing may go on the wire. */
  readonly mayWrite: () => boolean;
  /** Stores the profile picture; false when it is the one we have. */
  readonly keepImage: (phone: Phone, image: Uint8Array | null) => Promise<boolean>;
  readonly audit: (lease: Lease, action: string, detail: Readonly<Record<string, string>>) => Promise<void>;
  /** The phone needs nobody any more: the lease can go back. */
  readonly onRest: () => void;
  readonly onLeaseLost: () => void;
  /** Every transition that is stored, for counting and for the breaker of the fleet. */
  readonly onTransition: (before: PhoneState, done: Transition, lease: Lease) => void;
  readonly recycleWorker: () => void;
  readonly crash: (point: CrashPoint) => void;
}
