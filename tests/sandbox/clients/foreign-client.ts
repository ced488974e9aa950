/**
 * What the suite asks of a client that nobody here wrote. Each driver is a thin host around the unmodified library:
 * it reconnects where such a host must, and writes down what the library told it.
 */
export interface ReceivedMessage {
  readonly id: string;
  /** The user at the other end, as the library names it, without device. */
  readonly chat: string;
  readonly fromMe: boolean;
  readonly text: string;
  /** True when the library knew it as a message that had waited for it. */
  readonly offline: boolean;
}

/** How a connection ended for good: these causes a host does not answer by reconnecting. */
export type Ending =
  | 'replaced'
  | 'unlinked'
  | 'refused-401'
  | 'refused-403'
  | 'refused-405'
  | 'qr-ended'
  | 'untrusted'
  | 'other';

export type Receipt = 'none' | 'delivered' | 'read';

export interface NetworkAddress {
  readonly url: string;
  readonly root: string;
}

/** Everything a host would have on disk; a client can be opened again from it, also after the original is gone. */
export interface StoredState {
  /** A copy whose long-term Noise key is another one, as after a mixed-up restore. */
  withForeignNoiseKey(): StoredState;
}

export interface ForeignClient {
  readonly library: string;
  /** QR strings offered so far, oldest first. */
  readonly qrCodes: readonly string[];
  readonly messages: readonly ReceivedMessage[];
  /** Successful logins whose waiting messages have been handed over. */
  readonly logins: number;
  /** How many messages from before it was linked the library has taken in. */
  readonly historyMessages: number;
  readonly ending: Ending | undefined;
  /** Own device, once paired. */
  readonly jid: string | undefined;
  readonly lid: string | undefined;

  /** Opens the first connection; after that the client keeps itself connected until an {@link Ending} or {@link close}. */
  connect(): Promise<void>;
  requestPairingCode(number: string): Promise<string>;
  /** Resolves with the message id once the server acknowledged it. */
  sendText(to: string, text: string): Promise<string>;
  /** The furthest receipt the library reported for one of our messages. */
  receiptOf(id: string): Receipt;
  /** Sends a read receipt for a received message. */
  markRead(id: string): Promise<void>;
  /** Loses every ratchet, as a host with a damaged disk would. */
  forgetSessions(): Promise<void>;
  /** Bends the key that every ratchet sends with, so that nobody can open what comes next. */
  damageSessions(): Promise<void>;
  /** Cuts the TCP connection under the library, without a word to the server. */
  cutConnection(): void;
  /** Ends the connection and keeps the link. Safe to call twice. */
  close(): Promise<void>;
  logout(): Promise<void>;
  state(): Promise<StoredState>;
}

export interface ClientDriver {
  readonly library: string;
  /** zapo takes a 515 on a linked session for an order to link anew. */
  readonly resumesAfter515: boolean;
  /** One broken frame costs a baileys process its life, so that is tried with hosts that guard it. */
  readonly survivesBadFrames: boolean;
  /** Whether it can be linked without appearing to be online. */
  readonly canStayQuiet: boolean;
  /** baileys ignores the verdict of its own signature check. */
  readonly verifiesRoot: boolean;
  fresh(network: NetworkAddress, options?: ClientOptions): ForeignClient;
  reopen(network: NetworkAddress, state: StoredState, options?: ClientOptions): ForeignClient;
}

export interface ClientOptions {
  /** How long one QR is shown; only baileys can be told. */
  readonly qrTimeoutMs?: number;
  /** How long a first connection may take; only zapo can be told. */
  readonly connectTimeoutMs?: number;
  /** Do not appear online; only baileys can be told. */
  readonly quiet?: boolean;
  readonly webVersion?: readonly [number, number, number];
}
