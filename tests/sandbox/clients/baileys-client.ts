import {
  type BaileysEventMap,
  type ConnectionState,
  generateMessageIDV2,
  jidNormalizedUser,
  makeWASocket,
  proto,
  WA_CERT_DETAILS,
  type WAMessage,
  type WAMessageKey,
  type WASocket,
} from 'baileys';
import { until } from '../until.js';
import { endingOf } from './baileys-ending.js';
import { BaileysState, BaileysStore } from './baileys-state.js';
import { CuttableAgent } from './cuttable-agent.js';
import type { ClientDriver, ClientOptions, Ending, ForeignClient, NetworkAddress, Receipt } from './foreign-client.js';
import { Inbox, textOf } from './inbox.js';
import { silentLogger } from './silent-logger.js';

// libsignal prints whole sessions through these; a test run needs none of it.
console.info = () => undefined;
console.warn = () => undefined;
console.error = () => undefined;

class BaileysClient implements ForeignClient {
  readonly library = 'baileys';
  readonly qrCodes: string[] = [];
  historyMessages = 0;
  logins = 0;
  ending: Ending | undefined;
  readonly #inbox = new Inbox();
  /** Ids this very client chose, with the content once it left; copies from other devices have ids it did not choose. */
  readonly #sent = new Map<string, proto.IMessage | undefined>();
  readonly #keys = new Map<string, WAMessageKey>();
  readonly #agent = new CuttableAgent();
  readonly #store: BaileysStore;
  #socket: WASocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly network: NetworkAddress,
    private readonly options: ClientOptions,
    state?: BaileysState,
  ) {
    this.#store = new BaileysStore(state);
    // The library reads this constant at each handshake and has no option for it.
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(network.root, 'base64');
  }

  get messages() {
    return this.#inbox.messages;
  }

  get jid() {
    return this.#store.auth.creds.account && this.#store.auth.creds.me?.id;
  }

  get lid() {
    return this.#store.auth.creds.me?.lid;
  }

  async connect(): Promise<void> {
    this.#open();
  }

  async requestPairingCode(number: string): Promise<string> {
    await until('the library to be ready for a pairing code', () => this.qrCodes.length > 0);
    return this.#current().requestPairingCode(number);
  }

  async sendText(to: string, text: string): Promise<string> {
    const socket = this.#current();
    const messageId = generateMessageIDV2(socket.user?.id);
    this.#sent.set(messageId, undefined);
    const acked = socket.waitForMessage<{ tag: string; attrs: Record<string, string> }>(messageId, 15_000);
    const [ack, message] = await Promise.all([acked, socket.sendMessage(to, { text }, { messageId })]);
    if (ack === undefined) throw new Error(`no acknowledgement for ${messageId}`);
    if (ack.tag === 'ack' && ack.attrs.error !== undefined) throw new Error(`send refused with ${ack.attrs.error}`);
    if (message?.message) this.#sent.set(messageId, message.message);
    return messageId;
  }

  receiptOf(id: string): Receipt {
    return this.#inbox.receiptOf(id);
  }

  async markRead(id: string): Promise<void> {
    const key = this.#keys.get(id);
    if (key === undefined) throw new Error(`never received ${id}`);
    await this.#current().readMessages([key]);
  }

  async forgetSessions(): Promise<void> {
    this.#store.forgetSessions();
  }

  async damageSessions(): Promise<void> {
    this.#store.damageSessions();
  }

  cutConnection(): void {
    this.#agent.cut();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#socket?.end(undefined);
  }

  async logout(): Promise<void> {
    await this.#current().logout();
  }

  async state(): Promise<BaileysState> {
    return this.#store.state();
  }

  #current(): WASocket {
    if (this.#socket === undefined) throw new Error('connect first');
    return this.#socket;
  }

  #open(): void {
    const socket = makeWASocket({
      auth: this.#store.auth,
      waWebSocketUrl: this.network.url,
      agent: this.#agent,
      logger: silentLogger,
      getMessage: async ({ id }) => this.#sent.get(id ?? ''),
      markOnlineOnConnect: this.options.quiet !== true,
      ...(this.options.qrTimeoutMs !== undefined && { qrTimeout: this.options.qrTimeoutMs }),
      ...(this.options.webVersion !== undefined && { version: [...this.options.webVersion] }),
    });
    this.#socket = socket;
    const seen = { open: false, drained: false };
    socket.ev.on('connection.update', (update) => this.#onConnection(update, seen));
    socket.ev.on('messaging-history.set', ({ messages }) => {
      this.historyMessages += messages.length;
    });
    socket.ev.on('messages.upsert', (upsert) => this.#onUpsert(upsert));
    socket.ev.on('messages.update', (updates) => {
      for (const { key, update } of updates) this.#noteStatus(key, update.status);
    });
    // A refused upgrade gives no close event of its own: the host has to end the socket.
    socket.ws.on('unexpected-response', () => void socket.end(new Error('the upgrade was refused')));
  }

  #onConnection(update: Partial<ConnectionState>, seen: { open: boolean; drained: boolean }): void {
    if (update.qr !== undefined) this.qrCodes.push(update.qr);
    if (update.connection === 'open') seen.open = true;
    if (update.receivedPendingNotifications) seen.drained = true;
    if (seen.open && seen.drained) {
      this.logins += 1;
      seen.open = false;
    }
    if (update.connection === 'close') this.#onClose(update.lastDisconnect?.error);
  }

  #onClose(error: Error | undefined): void {
    if (this.#closed) return;
    this.ending = endingOf(error);
    if (this.ending === undefined) this.#retry = setTimeout(() => this.#open(), 50);
  }

  #onUpsert({ messages, type }: BaileysEventMap['messages.upsert']): void {
    for (const message of messages) this.#onMessage(message, type === 'append');
  }

  #onMessage(message: WAMessage, offline: boolean): void {
    const { key } = message;
    this.#noteStatus(key, message.status);
    const text = textOf(message.message);
    if (text === undefined || typeof key.id !== 'string' || this.#sent.has(key.id)) return;
    this.#keys.set(key.id, key);
    const chat = jidNormalizedUser(key.remoteJid ?? undefined);
    this.#inbox.receive({ id: key.id, chat, fromMe: key.fromMe === true, text, offline });
  }

  #noteStatus(key: WAMessageKey, status: number | null | undefined): void {
    if (typeof status !== 'number' || typeof key.id !== 'string' || key.fromMe !== true) return;
    if (status >= proto.WebMessageInfo.Status.READ) this.#inbox.note(key.id, 'read');
    else if (status >= proto.WebMessageInfo.Status.DELIVERY_ACK) this.#inbox.note(key.id, 'delivered');
  }
}

export const baileysDriver: ClientDriver = {
  library: 'baileys',
  resumesAfter515: true,
  survivesBadFrames: false,
  canStayQuiet: true,
  verifiesRoot: false,
  fresh: (network, options = {}) => new BaileysClient(network, options),
  reopen: (network, state, options = {}) => {
    if (!(state instanceof BaileysState)) throw new Error('this state belongs to another library');
    return new BaileysClient(network, options, state);
  },
};
