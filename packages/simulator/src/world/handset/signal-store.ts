/** The view a cipher has of a handset's keys during one operation: reads through, writes into the changes. */
import type { KeyPair, SessionRecord, SignalStorage, SignedPreKey } from 'whatsapp-rust-bridge';
import { typedKey } from '../../wire/curve.js';
import type { AccountRecord } from '../account.js';
import { noChanges, type SignalChanges, type SignalState } from './signal-memory.js';

export class SignalStore implements SignalStorage {
  readonly changes: SignalChanges = noChanges();

  constructor(
    private readonly account: AccountRecord,
    private readonly state: SignalState,
  ) {}

  /** Makes the operation act as if there were no session with this device. */
  forgetSession(address: string): void {
    this.changes.sessions.set(address, undefined);
  }

  loadSession(address: string): Uint8Array | undefined {
    return this.changes.sessions.has(address) ? this.changes.sessions.get(address) : this.state.sessions.get(address);
  }

  storeSession(address: string, record: SessionRecord): void {
    this.changes.sessions.set(address, Buffer.from(record.serialize()));
  }

  getOurIdentity(): KeyPair {
    const { publicKey, privateKey } = this.account.identity;
    return { pubKey: typedKey(publicKey), privKey: privateKey };
  }

  getOurRegistrationId(): number {
    return this.account.registrationId;
  }

  /** People accept whatever key a contact shows, as phones do by default. */
  isTrustedIdentity(): boolean {
    return true;
  }

  loadPreKey(id: number): KeyPair | undefined {
    const pair = this.state.oneTimeKeys.get(id);
    return pair === undefined ? undefined : { pubKey: typedKey(pair.publicKey), privKey: pair.privateKey };
  }

  removePreKey(id: number): void {
    this.changes.usedKeys.add(id);
  }

  loadSignedPreKey(id: number): SignedPreKey | undefined {
    const { signedPreKey } = this.account;
    if (signedPreKey.id !== id) return undefined;
    const { publicKey, privateKey } = signedPreKey.pair;
    return {
      keyId: id,
      keyPair: { pubKey: typedKey(publicKey), privKey: privateKey },
      signature: signedPreKey.signature,
    };
  }

  loadSenderKey(name: string): Uint8Array | undefined {
    return this.changes.senderKeys.get(name) ?? this.state.senderKeys.get(name);
  }

  storeSenderKey(name: string, record: Uint8Array): void {
    this.changes.senderKeys.set(name, Buffer.from(record));
  }
}
