import type { WaAuthCredentials } from 'zapo-js/auth';
import { X25519 } from 'zapo-js/crypto';
import {
  createStore,
  SenderKeyMemoryStore,
  WaAppStateMemoryStore,
  WaContactMemoryStore,
  WaDeviceListMemoryStore,
  WaIdentityMemoryStore,
  WaMessageMemoryStore,
  WaMessageSecretMemoryStore,
  WaParticipantsMemoryStore,
  WaPreKeyMemoryStore,
  WaPrivacyTokenMemoryStore,
  WaRetryMemoryStore,
  WaSessionMemoryStore,
  WaSignalMemoryStore,
  type WaStore,
  type WaStoreBackend,
  WaThreadMemoryStore,
} from 'zapo-js/store';
import type { StoredState } from './foreign-client.js';

type SessionEntry = Parameters<WaSessionMemoryStore['setSessionsBatch']>[0][number];

/** The library's session store, which also knows whose sessions it holds. */
class DamageableSessions extends WaSessionMemoryStore {
  readonly #known = new Map<string, SessionEntry['address']>();

  override async setSession(address: SessionEntry['address'], session: SessionEntry['session']): Promise<void> {
    this.#known.set(JSON.stringify(address), address);
    await super.setSession(address, session);
  }

  override async setSessionsBatch(entries: readonly SessionEntry[]): Promise<void> {
    for (const { address } of entries) this.#known.set(JSON.stringify(address), address);
    await super.setSessionsBatch(entries);
  }

  async damage(): Promise<void> {
    for (const address of this.#known.values()) {
      const session = await this.getSession(address);
      if (session === null) continue;
      const sendChain = { ...session.sendChain, chainKey: new Uint8Array(32).fill(7) };
      await super.setSession(address, { ...session, sendChain });
    }
  }
}

/** The library's own memory stores, which here play the disk: they outlive a client. */
function newDisk() {
  return {
    signal: new WaSignalMemoryStore(),
    preKey: new WaPreKeyMemoryStore(),
    session: new DamageableSessions(),
    identity: new WaIdentityMemoryStore(),
    senderKey: new SenderKeyMemoryStore(),
    appState: new WaAppStateMemoryStore(),
    messages: new WaMessageMemoryStore(),
    threads: new WaThreadMemoryStore(),
    contacts: new WaContactMemoryStore(),
    privacyToken: new WaPrivacyTokenMemoryStore(),
  };
}

/** Credentials copied at one moment, beside the key stores they belong to. */
export class ZapoState implements StoredState {
  constructor(
    readonly credentials: WaAuthCredentials | null,
    readonly disk: ReturnType<typeof newDisk>,
  ) {}

  withForeignNoiseKey(): StoredState {
    if (this.credentials === null) throw new Error('nothing is stored yet');
    const noise = foreignNoiseKey;
    return new ZapoState({ ...this.credentials, noiseKeyPair: noise }, this.disk);
  }
}

const foreignNoiseKey = await X25519.generateKeyPair();

/** A store as the library wants it, whose credentials can be copied out. */
export class ZapoStore {
  readonly store: WaStore;
  readonly #disk: ReturnType<typeof newDisk>;
  #credentials: WaAuthCredentials | null;

  constructor(state?: ZapoState) {
    const disk = state?.disk ?? newDisk();
    this.#disk = disk;
    this.#credentials = state?.credentials ?? null;
    const backend: WaStoreBackend = {
      stores: {
        auth: () => ({
          load: async () => this.#credentials,
          save: async (credentials) => {
            this.#credentials = credentials;
          },
          clear: async () => {
            this.#credentials = null;
          },
        }),
        signal: () => disk.signal,
        preKey: () => disk.preKey,
        session: () => disk.session,
        identity: () => disk.identity,
        senderKey: () => disk.senderKey,
        appState: () => disk.appState,
        messages: () => disk.messages,
        threads: () => disk.threads,
        contacts: () => disk.contacts,
        privacyToken: () => disk.privacyToken,
      },
      caches: {
        retry: () => new WaRetryMemoryStore(),
        participants: () => new WaParticipantsMemoryStore(),
        deviceList: () => new WaDeviceListMemoryStore(),
        messageSecret: () => new WaMessageSecretMemoryStore(),
      },
    };
    const name = 'disk';
    this.store = createStore({
      backends: { [name]: backend },
      providers: {
        auth: name,
        signal: name,
        preKey: name,
        session: name,
        identity: name,
        senderKey: name,
        appState: name,
        messages: name,
        threads: name,
        contacts: name,
        privacyToken: name,
      },
    });
  }

  get credentials(): WaAuthCredentials | null {
    return this.#credentials;
  }

  forgetSessions(): Promise<void> {
    return this.#disk.session.clear();
  }

  damageSessions(): Promise<void> {
    return this.#disk.session.damage();
  }

  state(): ZapoState {
    return new ZapoState(structuredClone(this.#credentials), this.#disk);
  }
}
