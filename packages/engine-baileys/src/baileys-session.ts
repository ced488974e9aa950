import {
  type EngineClose,
  type EngineFact,
  EngineRefused,
  type EngineSession,
  type OpenSession,
  type PhoneNumber,
} from '@trunkline/core';
import { type AuthenticationCreds, type BinaryNode, initAuthCreds, S_WHATSAPP_NET, type WASocket } from 'baileys';
import { decodeCredentials, encodeCredentials } from './auth/credentials-codec.js';
import { PhoneKeys } from './auth/phone-keys.js';
import { SessionWriter } from './auth/session-writer.js';
import { closeOfFailure, closeOfLibraryEnd, closeOfStreamError, type SocketStage } from './close/classify-close.js';
import { within } from './deadline.js';
import { type EngineSettings, socketUrlOf } from './engine-options.js';
import { guardFrames } from './guard/frame-guard.js';
import { SocketWatch } from './guard/socket-watch.js';
import type { Watched, WatchRound } from './guard/watch-round.js';
import { mask } from './library-log.js';
import { PairingCeremony } from './pairing/pairing-ceremony.js';
import type { SessionParts } from './session-parts.js';
import { openSocket } from './socket/open-socket.js';
import { closeQuickly, rawSocketOf } from './socket/raw-socket.js';
import { asError, guardListeners, settle } from './socket/sole-listener.js';
import { StanzaLane } from './socket/stanza-lane.js';

/** How long a socket may take to say goodbye before it is cut. */
const GOODBYE_MS = 500;
/** How long `close` may take in all. */
const CLOSE_MS = 2_000;
const UNLINK_MS = 10_000;

/** One socket to WhatsApp for one phone: opened once, dead after `closed`. */
export class BaileysSession implements EngineSession, Watched {
  readonly #settings: EngineSettings;
  readonly #round: WatchRound;
  readonly #input: OpenSession;
  readonly #watch: SocketWatch;
  #parts: SessionParts | null = null;
  #writer: SessionWriter | null = null;
  #ceremony: PairingCeremony | null = null;
  #close: EngineClose | null = null;
  #stage: SocketStage = 'connecting';
  #isOpen = false;
  #isDrained = false;
  #isUnlinking = false;
  #reportLibraryClosed: () => void = () => {};
  readonly #libraryClosed = new Promise<void>((resolve) => {
    this.#reportLibraryClosed = resolve;
  });
  #reportClosed: () => void = () => {};
  readonly #closed = new Promise<void>((resolve) => {
    this.#reportClosed = resolve;
  });

  constructor(settings: EngineSettings, round: WatchRound, input: OpenSession) {
    this.#settings = settings;
    this.#round = round;
    this.#input = input;
    this.#watch = new SocketWatch(settings, settings.clock.monotonic());
  }

  start(): void {
    const url = socketUrlOf(this.#settings, this.#input.lease);
    this.#round.add(this);
    settle(() => this.#boot(url), this.#fault);
  }

  async close(): Promise<void> {
    this.#end({ source: 'ours', unlinked: false });
    await this.#closed;
  }

  async unlink(): Promise<boolean> {
    const sock = this.#parts?.sock;
    const jid = this.#parts?.creds.me?.id;
    let isTold = false;
    if (sock !== undefined && jid !== undefined && this.#isOpen && this.#close === null) {
      this.#isUnlinking = true;
      isTold = await tellUnlink(sock, jid);
    }
    this.#end({ source: 'ours', unlinked: isTold });
    await this.#closed;
    return this.#close?.source === 'ours' && this.#close.unlinked;
  }

  async requestPairingCode(number: PhoneNumber): Promise<{ code: string; expiresAt: Date }> {
    if (this.#ceremony === null) throw new EngineRefused('the phone is not pairing: reset it first', 'before-wire');
    return this.#ceremony.requestCode(number);
  }

  async setProfileName(): Promise<void> {
    throw new EngineRefused('not yet', 'before-wire');
  }

  async setProfileImage(): Promise<void> {
    throw new EngineRefused('not yet', 'before-wire');
  }

  async resync(): Promise<void> {
    throw new EngineRefused('not yet', 'before-wire');
  }

  watch(nowMs: number): void {
    const verdict = this.#watch.verdict(nowMs);
    if (verdict === null) return;
    // A polite goodbye to a dead socket would be waited for: cut it.
    if (this.#parts !== null) rawSocketOf(this.#parts.sock.ws)?.terminate();
    this.#end(verdict);
  }

  async #boot(url: URL | null): Promise<void> {
    const { store, purpose } = this.#input;
    const { clock } = this.#settings;
    const stored = purpose === 'login' ? await store.readCredentials() : null;
    if (purpose === 'login' && stored === null) throw new Error('there are no stored credentials to log in with');
    if (this.#close !== null) return;
    const creds = stored === null ? initAuthCreds() : decodeCredentials(stored);
    const writer = new SessionWriter({
      store,
      clock,
      held: stored === null,
      encodeCredentials: () => encodeCredentials(creds),
      onBroken: this.#fault,
    });
    if (stored !== null) writer.rememberCredentials(stored);
    this.#writer = writer;
    const keys = new PhoneKeys(store, writer, stored === null);
    this.#connect(url, creds, keys, writer);
  }

  #connect(url: URL | null, creds: AuthenticationCreds, keys: PhoneKeys, writer: SessionWriter): void {
    const settings = this.#settings;
    const sock = openSocket({
      settings,
      url,
      creds,
      store: this.#input.store,
      keys: { get: (kind, ids) => keys.get(kind, ids), set: (changes) => keys.set(changes) },
      makeSignalRepository: null,
    });
    const parts: SessionParts = {
      settings,
      input: this.#input,
      creds,
      keys,
      writer,
      sock,
      emit: (fact) => this.#emit(fact),
      end: (close) => this.#end(close),
      isOver: () => this.#close !== null,
    };
    this.#parts = parts;
    this.#hearSocket(sock);
    this.#hearEvents(parts);
    if (this.#input.purpose === 'pair') this.#ceremony = new PairingCeremony(parts, () => this.#watch.useful());
    guardListeners(
      sock.ws,
      (event) => event.startsWith('CB:'),
      (error) => settings.log.warn('a stanza could not be handled', { error: mask(error.message) }),
    );
  }

  #hearSocket(sock: WASocket): void {
    const { ws } = sock;
    const { clock } = this.#settings;
    closeQuickly(ws, GOODBYE_MS, clock.after);
    guardFrames(ws, (error) => this.#end({ source: 'bad-frame', message: error.message }));
    ws.prependListener('open', () => {
      this.#stage = 'handshake';
    });
    ws.prependListener('frame', (frame: unknown) => {
      if (!(frame instanceof Uint8Array)) this.#stage = 'transport';
      this.#watch.frame(clock.monotonic());
    });
    ws.prependListener('CB:failure', (node: BinaryNode) => this.#end(closeOfFailure(node)));
    ws.prependListener('CB:stream:error', (node: BinaryNode) => this.#end(this.#closeOfStream(node)));
    ws.prependListener('CB:ib,,downgrade_webclient', () => this.#end({ source: 'not-multidevice' }));
    ws.prependListener('unexpected-response', (_request: unknown, response: { statusCode?: number }) =>
      this.#end({ source: 'upgrade-refused', status: response.statusCode ?? 0 }),
    );
    new StanzaLane(ws, {
      arrived: () => this.#watch.stanzaIn(clock.monotonic()),
      finished: () => this.#watch.stanzaDone(clock.monotonic()),
      failed: (error) => this.#settings.log.warn('a stanza could not be handled', { error: mask(error.message) }),
      isOver: () => this.#close !== null,
      pause: () => rawSocketOf(ws)?.pause(),
      resume: () => rawSocketOf(ws)?.resume(),
    });
  }

  #hearEvents({ sock, creds, writer }: SessionParts): void {
    sock.ev.on('connection.update', (update) => {
      if (update.connection === 'open') {
        this.#isOpen = true;
        this.#watch.useful();
        this.#emit({ kind: 'opened' });
        if (this.#isDrained) this.#emit({ kind: 'drained' });
      }
      // WhatsApp may be done with the backlog before the library says that it is open; the order told is always the same.
      if (update.receivedPendingNotifications) {
        this.#isDrained = true;
        if (this.#isOpen) this.#emit({ kind: 'drained' });
      }
      if (update.connection !== 'close') return;
      this.#reportLibraryClosed();
      this.#end(closeOfLibraryEnd(update.lastDisconnect?.error, this.#stage));
    });
    sock.ev.on('creds.update', () => {
      // Before a pairing is confirmed the credentials are disposable; the writer holds them back.
      if (creds.account !== undefined) void writer.write({ credentials: true });
    });
  }

  /** While we unlink, WhatsApp may tell that the device is removed before it answers: that is our own doing. */
  #closeOfStream(node: BinaryNode): EngineClose {
    const close = closeOfStreamError(node);
    const isOurs = this.#isUnlinking && close.source === 'stream-error' && close.conflict === 'device_removed';
    return isOurs ? { source: 'ours', unlinked: true } : close;
  }

  #emit(fact: EngineFact): void {
    if (this.#close !== null) return;
    try {
      this.#input.onFact(fact);
    } catch (error) {
      this.#fault(asError(error));
    }
  }

  readonly #fault = (error: Error): void => this.#end({ source: 'engine-fault', message: error.message });

  #end(close: EngineClose): void {
    if (this.#close !== null) return;
    this.#close = close;
    this.#round.remove(this);
    this.#ceremony?.stop();
    settle(
      () => this.#shutDown(close),
      (error) => this.#settings.log.error('engine session did not shut down cleanly', { error: error.message }),
    );
  }

  async #shutDown(close: EngineClose): Promise<void> {
    const { clock } = this.#settings;
    if (this.#parts !== null) {
      // Unlike the library's `end`, this also rejects the queries that still wait for an answer.
      this.#parts.sock.ws.emit('close');
      await within(this.#libraryClosed, CLOSE_MS - 2 * GOODBYE_MS, clock);
      rawSocketOf(this.#parts.sock.ws)?.terminate();
    }
    if (this.#writer !== null) {
      await within(this.#writer.drained(), 2 * GOODBYE_MS, clock);
      this.#writer.abandon(new Error('the session is closed'));
    }
    try {
      this.#input.onFact({ kind: 'closed', close });
    } finally {
      this.#reportClosed();
    }
  }
}

/** Asks WhatsApp to remove this device and waits for the answer, which the library does not. */
async function tellUnlink(sock: WASocket, jid: string): Promise<boolean> {
  const answer = await sock
    .query(
      {
        tag: 'iq',
        attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'md' },
        content: [{ tag: 'remove-companion-device', attrs: { jid, reason: 'user_initiated' } }],
      },
      UNLINK_MS,
    )
    .catch(() => undefined);
  return answer !== undefined;
}
