import { WebSocket } from 'ws';
import { WaClient, type WaClientEventMap } from 'zapo-js/client';
import { until } from '../until.js';
import { CuttableAgent } from './cuttable-agent.js';
import type { ClientDriver, ClientOptions, Ending, ForeignClient, NetworkAddress, Receipt } from './foreign-client.js';
import { Inbox, textOf } from './inbox.js';
import { silentLogger } from './silent-logger.js';
import { ZapoState, ZapoStore } from './zapo-state.js';

// The library takes WebSocket from the platform, which Node has from version 22 on.
Object.assign(globalThis, { WebSocket });

type Event<K extends keyof WaClientEventMap> = Parameters<WaClientEventMap[K]>[0];

const endings: Readonly<Record<string, Ending>> = {
  stream_error_replaced: 'replaced',
  stream_error_device_removed: 'unlinked',
  failure_not_authorized: 'refused-401',
  failure_locked: 'refused-403',
  failure_client_too_old: 'refused-405',
};

class ZapoClient implements ForeignClient {
  readonly library = 'zapo';
  readonly qrCodes: string[] = [];
  historyMessages = 0;
  logins = 0;
  ending: Ending | undefined;
  readonly #inbox = new Inbox();
  readonly #chats = new Map<string, string>();
  readonly #agent = new CuttableAgent();
  readonly #store: ZapoStore;
  readonly #client: WaClient;
  #succeeded = false;

  constructor(network: NetworkAddress, options: ClientOptions, state?: ZapoState) {
    this.#store = new ZapoStore(state);
    this.#client = new WaClient(
      {
        store: this.#store.store,
        sessionId: 'phone',
        chatSocketUrls: [network.url],
        proxy: { ws: this.#agent },
        testHooks: { noiseRootCa: { publicKey: Buffer.from(network.root, 'base64'), serial: 0 } },
        history: { enabled: true },
        connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
        reconnectIntervalMs: 100,
        ...(options.webVersion !== undefined && { version: options.webVersion.join('.') }),
      },
      silentLogger,
    );
    this.#client.on('auth_qr', ({ qr }) => this.qrCodes.push(qr));
    this.#client.on('connection_success', () => {
      this.#succeeded = true;
    });
    this.#client.on('notification', (event) => this.#onBulletin(event));
    this.#client.on('connection', (event) => this.#onConnection(event));
    this.#client.on('history_sync_chunk', ({ messagesCount }) => {
      this.historyMessages += messagesCount;
    });
    this.#client.on('message', (event) => this.#onMessage(event));
    this.#client.on('message_receipt', (event) => this.#onReceipt(event));
  }

  get messages() {
    return this.#inbox.messages;
  }

  get jid() {
    return this.#store.credentials?.meJid;
  }

  get lid() {
    return this.#store.credentials?.meLid;
  }

  async connect(): Promise<void> {
    try {
      await this.#client.connect();
    } catch (error) {
      this.ending ??= /certificate/.test(String(error)) ? 'untrusted' : 'other';
    }
  }

  async requestPairingCode(number: string): Promise<string> {
    await until('the library to be ready for a pairing code', () => this.qrCodes.length > 0);
    return this.#client.requestPairingCode(number);
  }

  async sendText(to: string, text: string): Promise<string> {
    const { id, ack } = await this.#client.sendMessage(to, text);
    if (ack.error !== undefined) throw new Error(`send refused with ${ack.error}`);
    return id;
  }

  receiptOf(id: string): Receipt {
    return this.#inbox.receiptOf(id);
  }

  async markRead(id: string): Promise<void> {
    const to = this.#chats.get(id);
    if (to === undefined) throw new Error(`never received ${id}`);
    await this.#client.sendReceipt({ to, id, type: 'read' });
  }

  forgetSessions(): Promise<void> {
    return this.#store.forgetSessions();
  }

  damageSessions(): Promise<void> {
    return this.#store.damageSessions();
  }

  cutConnection(): void {
    this.#agent.cut();
  }

  async close(): Promise<void> {
    await this.#client.disconnect();
  }

  async logout(): Promise<void> {
    await this.#client.logout();
  }

  async state(): Promise<ZapoState> {
    return this.#store.state();
  }

  /** A login counts once the server has said that nothing more waits. */
  #onBulletin({ notificationType }: Event<'notification'>): void {
    if (notificationType !== 'ib.offline' || !this.#succeeded) return;
    this.#succeeded = false;
    this.logins += 1;
  }

  #onConnection(event: Event<'connection'>): void {
    if (event.status === 'close' && event.reason !== 'client_disconnected')
      this.ending ??= endings[event.reason] ?? 'other';
  }

  #onMessage({ message, stanzaId, chatJid, rawNode }: Event<'message'>): void {
    const text = textOf(message);
    if (text === undefined || stanzaId === undefined || chatJid === undefined) return;
    const { recipient, offline } = rawNode.attrs;
    const chat = (recipient ?? chatJid).replace(/:\d+@/, '@');
    this.#chats.set(stanzaId, chatJid);
    this.#inbox.receive({ id: stanzaId, chat, fromMe: recipient !== undefined, text, offline: offline !== undefined });
  }

  #onReceipt({ stanzaId, stanzaType, rawNode }: Event<'message_receipt'>): void {
    const receipt = stanzaType === undefined ? 'delivered' : stanzaType === 'read' ? 'read' : undefined;
    if (receipt === undefined || stanzaId === undefined) return;
    const ids = [stanzaId];
    const [list] = Array.isArray(rawNode.content) ? rawNode.content : [];
    if (Array.isArray(list?.content)) for (const item of list.content) ids.push(item.attrs.id ?? '');
    for (const id of ids) this.#inbox.note(id, receipt);
  }
}

export const zapoDriver: ClientDriver = {
  library: 'zapo',
  resumesAfter515: false,
  survivesBadFrames: true,
  canStayQuiet: false,
  verifiesRoot: true,
  fresh: (network, options = {}) => new ZapoClient(network, options),
  reopen: (network, state, options = {}) => {
    if (!(state instanceof ZapoState)) throw new Error('this state belongs to another library');
    return new ZapoClient(network, options, state);
  },
};
