/** The Signal state of one handset: sessions, sender keys and its own one-time keys. */
import type { CurveKeyPair } from '../../wire/curve.js';
import { newKeyPair } from '../../wire/curve.js';
import type { Journal } from '../journal.js';
import type { PreKey } from '../prekeys.js';

export interface SignalState {
  sessions: Map<string, Buffer>;
  senderKeys: Map<string, Buffer>;
  oneTimeKeys: Map<number, CurveKeyPair>;
}

/** Changes of one cipher operation, to be committed together with what the operation meant. */
export interface SignalChanges {
  sessions: Map<string, Buffer | undefined>;
  senderKeys: Map<string, Buffer>;
  usedKeys: Set<number>;
}

export function noChanges(): SignalChanges {
  return { sessions: new Map(), senderKeys: new Map(), usedKeys: new Set() };
}

export class SignalMemory {
  #nextKeyId = 1;

  constructor(
    private readonly journal: Journal,
    private readonly owner: string,
    readonly state: SignalState = { sessions: new Map(), senderKeys: new Map(), oneTimeKeys: new Map() },
  ) {
    for (const id of state.oneTimeKeys.keys()) this.#nextKeyId = Math.max(this.#nextKeyId, id + 1);
  }

  /** Makes a one-time key for somebody who is about to start a session with this handset. */
  issuePreKey(): PreKey {
    const id = this.#nextKeyId++ % 0xff_ff_ff;
    const pair = newKeyPair();
    this.state.oneTimeKeys.set(id, pair);
    this.journal.put(`otk/${this.owner}/${id}`, pair);
    return { id, publicKey: pair.publicKey };
  }

  /** Makes the changes of an operation permanent. Call inside the transaction that stores the operation's outcome. */
  commit(changes: SignalChanges): void {
    for (const [address, record] of changes.sessions) {
      if (record === undefined) {
        this.state.sessions.delete(address);
        this.journal.delete(`ses/${this.owner}/${address}`);
      } else {
        this.state.sessions.set(address, record);
        this.journal.put(`ses/${this.owner}/${address}`, record);
      }
    }
    for (const [name, record] of changes.senderKeys) {
      this.state.senderKeys.set(name, record);
      this.journal.put(`snd/${this.owner}/${name}`, record);
    }
    for (const id of changes.usedKeys) {
      this.state.oneTimeKeys.delete(id);
      this.journal.delete(`otk/${this.owner}/${id}`);
    }
  }

  /** Forgets the sessions with all devices of a user. */
  forgetUser(lid: string): void {
    for (const address of this.state.sessions.keys()) {
      if (!address.startsWith(`${lid}.`)) continue;
      this.state.sessions.delete(address);
      this.journal.delete(`ses/${this.owner}/${address}`);
    }
  }

  /** Forgets everything, in memory and on disk. */
  clear(): void {
    const { sessions, senderKeys, oneTimeKeys } = this.state;
    this.journal.transaction(() => {
      for (const address of sessions.keys()) this.journal.delete(`ses/${this.owner}/${address}`);
      for (const name of senderKeys.keys()) this.journal.delete(`snd/${this.owner}/${name}`);
      for (const id of oneTimeKeys.keys()) this.journal.delete(`otk/${this.owner}/${id}`);
    });
    sessions.clear();
    senderKeys.clear();
    oneTimeKeys.clear();
  }
}
