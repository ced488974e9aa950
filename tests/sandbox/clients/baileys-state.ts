import {
  type AuthenticationCreds,
  type AuthenticationState,
  BufferJSON,
  Curve,
  initAuthCreds,
  proto,
  type SignalDataTypeMap,
} from 'baileys';
import type { StoredState } from './foreign-client.js';

/** Credentials and keys as one string, as a host would keep them in a file. */
export class BaileysState implements StoredState {
  constructor(readonly json: string) {}

  withForeignNoiseKey(): StoredState {
    const { creds, keys }: Disk = JSON.parse(this.json, BufferJSON.reviver);
    return new BaileysState(
      JSON.stringify({ creds: { ...creds, noiseKey: Curve.generateKeyPair() }, keys }, BufferJSON.replacer),
    );
  }
}

interface Disk {
  readonly creds: AuthenticationCreds;
  readonly keys: Record<string, string>;
}

/** The part of a stored Signal session that {@link BaileysStore.damageSessions} bends. */
interface SessionRecord {
  readonly _sessions: Record<
    string,
    { readonly _chains: Record<string, { chainType: number; chainKey: { key: string } }> }
  >;
}

const SENDING = 1;
const wrongKey = Buffer.alloc(32, 7).toString('base64');

/** The library's authentication state over a map of serialised keys. */
export class BaileysStore {
  readonly auth: AuthenticationState;
  readonly #keys: Map<string, string>;

  constructor(state?: BaileysState) {
    const disk: Disk | undefined = state && JSON.parse(state.json, BufferJSON.reviver);
    this.#keys = new Map(Object.entries(disk?.keys ?? {}));
    this.auth = {
      creds: disk?.creds ?? initAuthCreds(),
      keys: {
        get: async (type, ids) => {
          const found: Record<string, SignalDataTypeMap[typeof type]> = {};
          for (const id of ids) {
            const stored = this.#keys.get(`${type}/${id}`);
            if (stored === undefined) continue;
            const value = JSON.parse(stored, BufferJSON.reviver);
            found[id] = type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value) : value;
          }
          return found;
        },
        set: async (data) => {
          for (const [type, entries] of Object.entries(data))
            for (const [id, value] of Object.entries(entries ?? {})) this.#put(`${type}/${id}`, value);
        },
      },
    };
  }

  forgetSessions(): void {
    for (const key of [...this.#keys.keys()]) if (key.startsWith('session/')) this.#keys.delete(key);
  }

  damageSessions(): void {
    for (const [key, stored] of this.#keys) {
      if (!key.startsWith('session/')) continue;
      const record: SessionRecord = JSON.parse(stored);
      for (const session of Object.values(record._sessions))
        for (const chain of Object.values(session._chains))
          if (chain.chainType === SENDING) chain.chainKey.key = wrongKey;
      this.#keys.set(key, JSON.stringify(record));
    }
  }

  state(): BaileysState {
    const disk = { creds: this.auth.creds, keys: Object.fromEntries(this.#keys) };
    return new BaileysState(JSON.stringify(disk, BufferJSON.replacer));
  }

  #put(key: string, value: unknown): void {
    if (value === null || value === undefined) this.#keys.delete(key);
    else this.#keys.set(key, JSON.stringify(value, BufferJSON.replacer));
  }
}
