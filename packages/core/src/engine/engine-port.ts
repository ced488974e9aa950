import type { Lid, PhoneNumber } from '../identity/jid.js';
import type { Lease } from '../lease/lease.js';
import type { HistoryBatch, InboundMessage } from '../message/inbound-message.js';
import type { EngineClose } from './engine-close.js';
import type { SessionStore } from './session-store.js';

/** Who the handset says it is, known at pair-success and before the pairing is confirmed. */
export interface LinkedIdentity {
  readonly number: PhoneNumber;
  readonly lid: Lid | null;
  readonly device: number;
  readonly platform: string;
  readonly isBusiness: boolean;
  readonly name: string | null;
}

/** The verdict on a pairing. A refusal reaches the handset as a failed link; nothing is stored. */
export type PairingVerdict = { readonly accept: true } | { readonly accept: false; readonly reason: string };

/** What the engine tells. Every fact of one session arrives in order; none arrives after `closed`. */
export type EngineFact =
  | { readonly kind: 'qr-offered'; readonly qrCode: string; readonly expiresAt: Date }
  /** Credentials are stored and the handset was told; the engine will close and must be opened again to log in. */
  | { readonly kind: 'paired'; readonly identity: LinkedIdentity }
  | { readonly kind: 'opened' }
  /** What WhatsApp held back for us while we were away is stored. */
  | { readonly kind: 'drained' }
  /** Facts of the account, whenever they are learned or changed. Absent = unknown, null = none. `image` is JPEG bytes. */
  | {
      readonly kind: 'profile';
      readonly name?: string | null;
      readonly image?: Uint8Array | null;
      readonly isBusiness?: boolean;
    }
  /** The primary device was seen alive. */
  | { readonly kind: 'primary-seen'; readonly at: Date }
  | { readonly kind: 'message'; readonly message: InboundMessage }
  | { readonly kind: 'history'; readonly batch: HistoryBatch }
  | { readonly kind: 'closed'; readonly close: EngineClose };

export interface OpenSession {
  readonly lease: Lease;
  readonly store: SessionStore;
  /** `pair` makes fresh credentials in memory, kept only by a confirmed pairing; `login` needs stored ones. */
  readonly purpose: 'pair' | 'login';
  /** Called once at pair-success, before the handset is told that the link holds. */
  readonly judgePairing: (identity: LinkedIdentity) => Promise<PairingVerdict>;
  /**
   * Resolves when the fact is taken: messages and history are then stored. It resolves too, and never rejects, when the
   * fact is dropped, because the session is over, the lease is gone or the store refuses it for half a minute; only
   * storing settles an inbox entry, so that what was dropped comes again. Must not be awaited by any session call.
   */
  readonly onFact: (fact: EngineFact) => Promise<void>;
  /** Asked right before every stanza: false when our right to run this phone may have ended; then nothing may be sent. */
  readonly mayWrite: () => boolean;
}

/**
 * One socket to WhatsApp for one phone. It never reconnects by itself: after `closed` it is dead.
 * Every call ends within its deadline and rejects with `EngineRefused` when WhatsApp says no.
 */
export interface EngineSession {
  /** Closes the socket and keeps the link. May be repeated; resolves when the socket is gone (2 s at most). */
  close(): Promise<void>;
  /** Tells WhatsApp to remove this device, then closes. Resolves in 10 s at most; false when WhatsApp could not be told. */
  unlink(): Promise<boolean>;
  /** Asks for a pairing code while pairing. A second call replaces the first code. */
  requestPairingCode(number: PhoneNumber): Promise<{ code: string; expiresAt: Date }>;
  /** Changes the profile name on WhatsApp. Repeatable. */
  setProfileName(name: string): Promise<void>;
  /** Changes the profile picture on WhatsApp; JPEG bytes, square. Repeatable. */
  setProfileImage(jpeg: Uint8Array): Promise<void>;
  /** Asks WhatsApp again for what can be asked: profile, app state, and more history. Answers when asked, not when come. */
  resync(): Promise<void>;
}

/** Adapter of one protocol library. */
export interface Engine {
  /** Begins to open; everything that follows arrives as facts. Throws only for programming errors. */
  open(input: OpenSession): EngineSession;
}
