/** What one handset has written and what it has decrypted, oldest first. */
import type { Journal } from '../journal.js';

export type MessageStatus = 'sent' | 'delivered' | 'read' | 'played' | 'received';

export interface LoggedMedia {
  mimetype: string;
  sha256: string;
  size: number;
}

export interface LoggedMessage {
  sequence: number;
  id: string;
  /** The other side's number, or the group's address. */
  chat: string;
  /** The author's number. */
  from: string;
  fromMe: boolean;
  type: string;
  text?: string;
  media?: LoggedMedia;
  replyTo?: string;
  edited: boolean;
  deleted: boolean;
  /** Emoji by the number of the person who reacted. */
  reactions: Record<string, string>;
  status: MessageStatus;
  /** How often it arrived in a form that could be decrypted; more than once is a resend or a duplicate. */
  copies: number;
  /** True when a later copy said something else than the first. */
  conflicting: boolean;
  at: number;
  /** The serialised message, for retries, quotes and history. */
  content: Buffer;
}

const RANK: Record<MessageStatus, number> = { sent: 0, received: 0, delivered: 1, read: 2, played: 3 };

export class ChatLog {
  #messages: LoggedMessage[] = [];
  #byKey = new Map<string, LoggedMessage>();
  #byId = new Map<string, LoggedMessage>();
  #sequence = 0;

  constructor(
    private readonly journal: Journal,
    private readonly owner: string,
  ) {}

  restore(messages: LoggedMessage[]): void {
    for (const message of messages.toSorted((a, b) => a.sequence - b.sequence)) this.#hold(message);
  }

  /** Messages of one chat or of all, newest last. */
  list(chat?: string): LoggedMessage[] {
    return chat === undefined ? [...this.#messages] : this.#messages.filter((message) => message.chat === chat);
  }

  find(chat: string, id: string): LoggedMessage | undefined {
    return this.#byKey.get(`${chat} ${id}`);
  }

  /** Finds by id alone, for receipts and retries, which name a device rather than a chat. */
  findById(id: string): LoggedMessage | undefined {
    return this.#byId.get(id);
  }

  add(message: Omit<LoggedMessage, 'sequence' | 'edited' | 'deleted' | 'reactions' | 'copies' | 'conflicting'>): void {
    const full: LoggedMessage = {
      ...message,
      sequence: this.#sequence + 1,
      edited: false,
      deleted: false,
      reactions: {},
      copies: 1,
      conflicting: false,
    };
    this.#hold(full);
    this.save(full);
  }

  save(message: LoggedMessage): void {
    this.journal.put(`msg/${this.owner}/${message.sequence}`, message);
  }

  /** Raises the status of a message; it never goes down. */
  raise(message: LoggedMessage, status: MessageStatus): void {
    if (RANK[status] <= RANK[message.status]) return;
    message.status = status;
    this.save(message);
  }

  clear(): void {
    this.journal.transaction(() => {
      for (const { sequence } of this.#messages) this.journal.delete(`msg/${this.owner}/${sequence}`);
    });
    this.#messages = [];
    this.#byKey.clear();
    this.#byId.clear();
  }

  #hold(message: LoggedMessage): void {
    this.#sequence = message.sequence;
    this.#messages.push(message);
    this.#byKey.set(`${message.chat} ${message.id}`, message);
    this.#byId.set(message.id, message);
  }
}
