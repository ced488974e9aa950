/** The synced settings of accounts: collections of patches, as the network keeps them and the handset understands them. */
import { proto } from 'baileys/WAProto/index.js';
import type { Account } from './account.js';
import type { Journal } from './journal.js';
import { entriesOf } from './restore-accounts.js';
import { type CollectionHash, emptyHash, openPatch, type Setting, sealSetting } from './settings-cipher.js';

export const COLLECTIONS = ['critical_block', 'critical_unblock_low', 'regular_high', 'regular_low', 'regular'];

interface Collection {
  state: CollectionHash;
  /** Patch n brings the collection from version n to n + 1. */
  patches: Buffer[];
}

interface StoredPatch {
  patch: Buffer;
  state: CollectionHash;
}

export class Settings {
  #collections = new Map<string, Collection>();

  constructor(private readonly journal: Journal) {
    const found = [...entriesOf<StoredPatch>(journal, 'set')].sort(([a], [b]) => Number(a[2]) - Number(b[2]));
    for (const [[number = '', name = ''], stored] of found) {
      const collection = this.#collection(number, name);
      collection.patches.push(stored.patch);
      collection.state = stored.state;
    }
  }

  version(account: Account, name: string): number {
    return this.#collection(account.number, name).state.version;
  }

  /** The patches after a version, oldest first. */
  after(account: Account, name: string, version: number): Buffer[] {
    return this.#collection(account.number, name).patches.slice(version);
  }

  /** Takes a device's patch; returns what it changed. Throws when it does not fit on top or is sealed wrongly. */
  accept(account: Account, name: string, encoded: Buffer): Setting[] {
    const collection = this.#collection(account.number, name);
    const patch = proto.SyncdPatch.decode(encoded);
    const { settings, state } = openPatch(account.record.appStateKey, name, collection.state, patch);
    patch.version = { version: state.version };
    this.#append(account, name, collection, Buffer.from(proto.SyncdPatch.encode(patch).finish()), state);
    return settings;
  }

  /** Writes a setting from the handset. */
  write(account: Account, name: string, setting: Setting): void {
    const collection = this.#collection(account.number, name);
    const { patch, state } = sealSetting(account.record.appStateKey, name, collection.state, setting);
    this.#append(account, name, collection, patch, state);
  }

  remove(account: Account): void {
    this.journal.transaction(() => {
      for (const name of COLLECTIONS) {
        const { patches } = this.#collection(account.number, name);
        for (const at of patches.keys()) this.journal.delete(`set/${account.number}/${name}/${at}`);
        this.#collections.delete(`${account.number}/${name}`);
      }
    });
  }

  #append(account: Account, name: string, collection: Collection, patch: Buffer, state: CollectionHash): void {
    this.journal.put(`set/${account.number}/${name}/${collection.patches.length}`, { patch, state });
    collection.patches.push(patch);
    collection.state = state;
  }

  #collection(number: string, name: string): Collection {
    const key = `${number}/${name}`;
    const existing = this.#collections.get(key);
    if (existing !== undefined) return existing;
    const created = { state: emptyHash(), patches: [] };
    this.#collections.set(key, created);
    return created;
  }
}
