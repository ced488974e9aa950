import type { LinkedIdentity } from '../engine/engine-port.js';

/** One try to become a linked device: an object of its own beside the phone session, shown to people while it lasts. */
export interface PairingAttempt {
  readonly id: string;
  readonly method: 'qr' | 'code';
  readonly step: PairingStep;
  /** When this attempt ends by itself; a rotated QR does not move it. */
  readonly startedAt: number;
}

/** Epoch milliseconds throughout, because states are stored as JSON. The passkey steps carry no secrets. */
export type PairingStep =
  /** Connected to WhatsApp, no code yet. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'qr'; readonly qrCode: string; readonly expiresAt: number }
  | { readonly kind: 'code'; readonly expiresAt: number }
  | { readonly kind: 'passkey-required'; readonly expiresAt: number }
  | { readonly kind: 'passkey-sent'; readonly expiresAt: number }
  | { readonly kind: 'passkey-confirm'; readonly expiresAt: number }
  /** A handset was accepted. Who it is is kept, in case the link holds and we end before we hear of it. */
  | { readonly kind: 'finishing'; readonly identity: LinkedIdentity; readonly expiresAt: number };

export function liveQrCode(attempt: PairingAttempt): string | null {
  return attempt.step.kind === 'qr' ? attempt.step.qrCode : null;
}

/** The same attempt after the wall clock was set. */
export function shiftAttempt(attempt: PairingAttempt, ms: number): PairingAttempt {
  const { step } = attempt;
  const shifted = 'expiresAt' in step ? { ...step, expiresAt: step.expiresAt + ms } : step;
  return { ...attempt, step: shifted, startedAt: attempt.startedAt + ms };
}
