/** A phone run by the unmodified client library, with its keys in memory. */
import {
  type AuthenticationCreds,
  DisconnectReason,
  initAuthCreds,
  makeWASocket,
  type SignalDataTypeMap,
  WA_CERT_DETAILS,
  type WAMessage,
  type WASocket,
} from 'baileys';

const silent = {
  level: 'silent',
  child: () => silent,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export class BaileysPhone {
  qr: string | undefined;
  opened = 0;
  lastError: number | undefined;
  historyMessages = 0;
  readonly messages: WAMessage[] = [];
  readonly creds: AuthenticationCreds = initAuthCreds();
  readonly #keys = new Map<string, unknown>();
  #socket: WASocket | undefined;

  /** Connects, and again whenever the network asks for a restart. */
  connect(network: { url: string; root: string }): void {
    // The library reads this constant at each handshake and has no option for it.
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(network.root, 'base64');
    const socket = makeWASocket({
      auth: { creds: this.creds, keys: { get: (type, ids) => this.#get(type, ids), set: (data) => this.#set(data) } },
      waWebSocketUrl: network.url,
      logger: silent,
    });
    this.#socket = socket;
    socket.ev.on('creds.update', (update) => Object.assign(this.creds, update));
    socket.ev.on('messages.upsert', ({ messages }) => this.messages.push(...messages));
    socket.ev.on('messaging-history.set', ({ messages }) => {
      this.historyMessages += messages.length;
    });
    socket.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr !== undefined) this.qr = qr;
      if (connection === 'open') this.opened++;
      if (connection !== 'close') return;
      this.lastError = statusOf(lastDisconnect?.error);
      if (this.lastError === DisconnectReason.restartRequired) this.connect(network);
    });
  }

  get socket(): WASocket {
    if (this.#socket === undefined) throw new Error('connect first');
    return this.#socket;
  }

  /** Texts received or sent elsewhere, in order of arrival. */
  get texts(): (string | null | undefined)[] {
    return this.messages.map(({ message }) => message?.conversation || message?.extendedTextMessage?.text);
  }

  async close(): Promise<void> {
    await this.#socket?.end(undefined);
  }

  async #get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]): Promise<Record<string, SignalDataTypeMap[T]>> {
    const found: Record<string, SignalDataTypeMap[T]> = {};
    for (const id of ids) {
      const value = this.#keys.get(`${type}/${id}`);
      if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
    }
    return found;
  }

  async #set(data: object): Promise<void> {
    for (const [type, entries] of Object.entries(data)) {
      for (const [id, value] of Object.entries(entries ?? {})) {
        if (value === null || value === undefined) this.#keys.delete(`${type}/${id}`);
        else this.#keys.set(`${type}/${id}`, value);
      }
    }
  }
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('output' in error)) return undefined;
  const { output } = error as { output: { statusCode?: number } };
  return output.statusCode;
}
