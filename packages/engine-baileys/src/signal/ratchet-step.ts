import type { KeyRow } from '@trunkline/core';
import type { SignalCreds } from 'baileys';
import type { SenderKeyRecord, SessionRecord, SignalStorage } from 'whatsapp-rust-bridge';
import { encodeKey } from '../auth/key-codec.js';
import type { PhoneKeys } from '../auth/phone-keys.js';
import { prefixed } from '../curve/rust-curve.js';

/**
 * The storage of one Signal operation: reads through to the keys of the phone, and collects what changed. Nothing is
 * written here; whoever runs the operation commits `rows` whole, or drops them when it failed.
 */
export class RatchetStep implements SignalStorage {
  readonly #keys: PhoneKeys;
  readonly #creds: SignalCreds;
  readonly #changed = new Map<string, KeyRow>();
  #storeError: unknown = null;

  constructor(keys: PhoneKeys, creds: SignalCreds) {
    this.#keys = keys;
    this.#creds = creds;
  }

  get rows(): KeyRow[] {
    return [...this.#changed.values()];
  }

  /** The error of the store that made the operation fail, if it was that; the bridge buries it in a text. */
  get storeError(): unknown {
    return this.#storeError;
  }

  loadSession(address: string): Promise<Uint8Array | null> | Uint8Array | null {
    return this.#load('session', address);
  }

  storeSession(address: string, record: SessionRecord): void {
    this.#change('session', address, record.serialize());
    record.free();
  }

  loadSenderKey(keyId: string): Promise<Uint8Array | null> | Uint8Array | null {
    return this.#load('sender-key', keyId);
  }

  storeSenderKey(keyId: string, record: Uint8Array | SenderKeyRecord): void {
    this.#change('sender-key', keyId, record instanceof Uint8Array ? record : record.serialize());
  }

  getOurIdentity(): { pubKey: Uint8Array; privKey: Uint8Array } {
    const { signedIdentityKey } = this.#creds;
    return { pubKey: prefixed(signedIdentityKey.public), privKey: signedIdentityKey.private };
  }

  getOurRegistrationId(): number {
    return this.#creds.registrationId;
  }

  /** Trust on first use and after every change, as WhatsApp does; the record keeps the identity of each session. */
  isTrustedIdentity(): boolean {
    return true;
  }

  async loadPreKey(id: number): Promise<{ pubKey: Uint8Array; privKey: Uint8Array } | null> {
    const pair = await this.#guarded(() => this.#keys.getOne('pre-key', String(id)));
    return pair === null ? null : { pubKey: prefixed(pair.public), privKey: pair.private };
  }

  removePreKey(id: number): void {
    this.#change('pre-key', String(id), null);
  }

  loadSignedPreKey(): { keyId: number; keyPair: { pubKey: Uint8Array; privKey: Uint8Array }; signature: Uint8Array } {
    const { keyId, keyPair, signature } = this.#creds.signedPreKey;
    return { keyId, keyPair: { pubKey: prefixed(keyPair.public), privKey: keyPair.private }, signature };
  }

  #load(kind: 'session' | 'sender-key', id: string): Promise<Uint8Array | null> | Uint8Array | null {
    const changed = this.#changed.get(`${kind} ${id}`);
    if (changed !== undefined) return changed.value;
    return this.#guarded(() => this.#keys.getOne(kind, id));
  }

  #change(kind: 'session' | 'sender-key' | 'pre-key', id: string, value: Uint8Array | null): void {
    const row = { kind, keyId: id, value: value === null || kind === 'pre-key' ? null : encodeKey(kind, value) };
    this.#changed.set(`${kind} ${id}`, row);
  }

  async #guarded<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      this.#storeError ??= error;
      throw error;
    }
  }
}
