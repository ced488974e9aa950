import type { InboxEntry } from '@trunkline/core';
import type { SignalFailure } from './signal-failure.js';

/** Knows the stanza around a ciphertext, and decides what must be durable together with its ratchet step. */
export interface DecryptionLedger {
  /** The device that wrote the stanza of this ciphertext; null when the ciphertext came from elsewhere. */
  authorOf(ciphertext: Uint8Array): string | null;
  /** What must commit together with the ratchet step, or null when nothing would be lost. */
  entryOf(ciphertext: Uint8Array, plaintext: Uint8Array): InboxEntry | null;
  /** The step and the entry are durable. */
  stored(ciphertext: Uint8Array, entry: InboxEntry): void;
  /** The plaintext of a ciphertext that was decrypted before, when it still waits. */
  recall(ciphertext: Uint8Array): Promise<Uint8Array | null>;
  /** The ciphertext could not be decrypted. */
  failed(ciphertext: Uint8Array, failure: SignalFailure): void;
}
