import type { Receipt, ReceivedMessage } from './foreign-client.js';

const order: readonly Receipt[] = ['none', 'delivered', 'read'];

/** What a library reported so far: messages in the order it told us, and the furthest receipt per own message. */
export class Inbox {
  readonly messages: ReceivedMessage[] = [];
  readonly #receipts = new Map<string, Receipt>();

  receive(message: ReceivedMessage): void {
    this.messages.push(message);
  }

  note(id: string, receipt: Receipt): void {
    if (order.indexOf(receipt) > order.indexOf(this.receiptOf(id))) this.#receipts.set(id, receipt);
  }

  receiptOf(id: string): Receipt {
    return this.#receipts.get(id) ?? 'none';
  }
}

/** The text of a decoded message, if it is one. */
export function textOf(message: unknown): string | undefined {
  if (!isRecord(message)) return undefined;
  const { conversation, extendedTextMessage } = message;
  if (typeof conversation === 'string' && conversation !== '') return conversation;
  if (isRecord(extendedTextMessage) && typeof extendedTextMessage.text === 'string') return extendedTextMessage.text;
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
