import type { PhoneNumber } from '../identity/jid.js';

/**
 * Interactive calls to whoever runs the phone. Each fails with `PhoneNotRunning` when nobody does, with `Conflict` when
 * the phone is in no state for it, and with `EngineRefused` when WhatsApp says no or does not answer in time.
 */
export interface OwnerCalls {
  pairingCode(phoneId: string, number: PhoneNumber): Promise<{ code: string; expiresAt: Date }>;
  setProfileName(phoneId: string, name: string): Promise<void>;
  setProfileImage(phoneId: string, jpeg: Uint8Array): Promise<void>;
}
