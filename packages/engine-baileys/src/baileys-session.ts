import {
  type EngineClose,
  type EngineFact,
  EngineRefused,
  type EngineSession,
  type OpenSession,
  type PhoneNumber,
} from '@trunkline/core';
import { initAuthCreds } from 'baileys';
import { decodeCredentials, encodeCredentials } from './auth/credentials-codec.js';
import { PhoneKeys } from './auth/phone-keys.js';
import { SessionWriter } from './auth/session-writer.js';
import { SteadyStore } from './auth/steady-store.js';
import { type ConnectedSession, connectSession } from './connect-session.js';
import { within } from './deadline.js';
import { socketUrlOf } from './engine-options.js';
import { SocketWatch } from './guard/socket-watch.js';
import type { Watched } from './guard/watch-round.js';
import { SessionInbox } from './inbox/session-inbox.js';
import { Latch } from './latch.js';
import type { EngineShared, SessionBase } from './session-parts.js';
import { GOODBYE_MS } from './socket/hear-socket.js';
import { rawSocketOf } from './socket/raw-socket.js';
import { asError, settle } from './socket/sole-listener.js';

/** How long `close` may take in all. */
const CLOSE_MS = 2_000;

/** One socket to WhatsApp for one phone: opened once, dead after `closed`. */
export class BaileysSession implements EngineSession, Watched {
  readonly #shared: EngineShared;
  readonly #input: OpenSession;
  readonly #watch: SocketWatch;
  readonly #libraryClosed = new Latch();
  readonly #closed = new Latch();
  #base: SessionBase | null = null;
  #connected: ConnectedSession | null = null;
  #close: EngineClose | null = null;
  #isUnlinking = false;

  constructor(shared: EngineShared, input: OpenSession) {
    this.#shared = shared;
    this.#input = input;
    this.#watch = new SocketWatch(shared.settings, shared.settings.clock.monotonic());
  }

  /** Begins to open. Throws only when the settings are wrong. */
  start(): void {
    const url = socketUrlOf(this.#shared.settings, this.#input.lease);
    this.#shared.round.add(this);
    settle(() => this.#open(url), this.#fault);
  }

  async close(): Promise<void> {
    this.#end({ source: 'ours', unlinked: false });
    await this.#closed.opened;
  }

  async unlink(): Promise<boolean> {
    if (this.#connected?.isOpen() && this.#close === null) {
      this.#isUnlinking = true;
      const isTold = await this.#connected.account.unlink();
      this.#end({ source: 'ours', unlinked: isTold });
    }
    await this.close();
    return this.#close?.source === 'ours' && this.#close.unlinked;
  }

  async requestPairingCode(number: PhoneNumber): Promise<{ code: string; expiresAt: Date }> {
    const ceremony = this.#connected?.ceremony ?? null;
    if (ceremony === null) throw new EngineRefused('the phone is not pairing: reset it first', 'before-wire');
    return ceremony.requestCode(number);
  }

  async setProfileName(name: string): Promise<void> {
    await this.#openAccount().setName(name);
  }

  async setProfileImage(jpeg: Uint8Array): Promise<void> {
    await this.#openAccount().setImage(jpeg);
  }

  async resync(): Promise<void> {
    this.#openAccount().resync();
  }

  watch(nowMs: number): void {
    const verdict = this.#watch.verdict(nowMs);
    if (verdict === null) return;
    // A polite goodbye to a dead socket would be waited for: cut it.
    if (this.#connected !== null) rawSocketOf(this.#connected.sock.ws)?.terminate();
    this.#end(verdict);
  }

  async #open(url: URL | null): Promise<void> {
    const { store, purpose } = this.#input;
    const { settings } = this.#shared;
    const isLogin = purpose === 'login';
    const [stored, waiting] = isLogin ? await Promise.all([store.readCredentials(), store.waitingInbox()]) : [null, []];
    if (isLogin && stored === null) throw new Error('there are no stored credentials to log in with');
    if (this.#close !== null) return;
    const creds = stored === null ? initAuthCreds() : decodeCredentials(stored);
    const steady = new SteadyStore(store, settings.clock, this.#fault);
    const writer = new SessionWriter({
      store: steady,
      clock: settings.clock,
      held: !isLogin,
      encodeCredentials: () => encodeCredentials(creds),
    });
    if (stored !== null) writer.rememberCredentials(stored);
    const base: SessionBase = {
      shared: this.#shared,
      settings,
      input: this.#input,
      creds,
      store: steady,
      writer,
      keys: new PhoneKeys(steady, writer, !isLogin),
      watch: this.#watch,
      log: settings.log.child({ phone_id: this.#input.lease.phoneId }),
      emit: (fact) => this.#emit(fact),
      end: (close) => this.#end(close),
      isOver: () => this.#close !== null,
    };
    this.#base = base;
    const inbox = new SessionInbox(base);
    await inbox.replay(waiting);
    if (this.#close !== null) return;
    this.#connected = connectSession(base, url, inbox, () => this.#libraryClosed.open());
  }

  #openAccount(): ConnectedSession['account'] {
    if (this.#connected === null || !this.#connected.isOpen() || this.#close !== null) {
      throw new EngineRefused('the phone is not connected: try again when it is', 'before-wire');
    }
    return this.#connected.account;
  }

  async #emit(fact: EngineFact): Promise<void> {
    if (this.#close !== null) return;
    try {
      await this.#input.onFact(fact);
    } catch (error) {
      this.#fault(asError(error));
    }
  }

  readonly #fault = (error: Error): void => this.#end({ source: 'engine-fault', message: error.message });

  #end(close: EngineClose): void {
    if (this.#close !== null) return;
    this.#close = this.#isOurUnlink(close) ? { source: 'ours', unlinked: true } : close;
    this.#shared.round.remove(this);
    this.#connected?.ceremony?.stop();
    settle(
      () => this.#shutDown(this.#close ?? close),
      (error) => this.#shared.settings.log.error('an engine session did not shut down', { error: error.message }),
    );
  }

  /** While we unlink, WhatsApp may tell that the device is removed before it answers: that is our own doing. */
  #isOurUnlink(close: EngineClose): boolean {
    return this.#isUnlinking && close.source === 'stream-error' && close.conflict === 'device_removed';
  }

  async #shutDown(close: EngineClose): Promise<void> {
    const { clock } = this.#shared.settings;
    const ws = this.#connected?.sock.ws;
    if (ws !== undefined) {
      // Unlike the library's `end`, this also rejects the queries that still wait for an answer.
      ws.emit('close');
      await within(this.#libraryClosed.opened, CLOSE_MS - 2 * GOODBYE_MS, clock);
      rawSocketOf(ws)?.terminate();
    }
    if (this.#base !== null) {
      const gone = new Error('the session is closed');
      await within(this.#base.writer.drained(), GOODBYE_MS, clock);
      this.#base.writer.abandon(gone);
      this.#base.store.giveUp(gone);
    }
    settle(
      () => this.#input.onFact({ kind: 'closed', close }),
      (error) => this.#shared.settings.log.error('a closed fact was not taken', { error: asError(error).message }),
    );
    this.#closed.open();
  }
}
