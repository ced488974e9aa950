/** A virtual phone: it decrypts, answers with receipts, remembers, and writes what its person tells it to write. */
import type { proto } from 'baileys/WAProto/index.js';
import { decodeNode } from '../../wire/decode-node.js';
import type { Addressing } from '../../wire/jid.js';
import { el, type Node } from '../../wire/node.js';
import type { Account, Device } from '../account.js';
import type { Parcel } from '../mailbox.js';
import type { ChatLog } from './chat-log.js';
import { historyMessages, keyShareMessage } from './history.js';
import { addressingOf, type HandsetParts, handsetOf } from './parts.js';
import { newMessageId, sendMessage, sendPeerMessage } from './send-message.js';
import { takeMessage } from './take-message.js';
import { takeReceipt } from './take-receipt.js';

/** How a message leaves beside its content. */
export interface SendOptions {
  attrs?: Record<string, string>;
  logged?: boolean;
}

export class Handset {
  /** One thing at a time: a session must never be used by two operations at once. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: HandsetParts,
    private readonly report: (account: Account, error: unknown) => void,
  ) {}

  get log(): ChatLog {
    return this.parts.log;
  }

  /** Resolves when everything begun so far is done. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** Takes a stanza out of the mailbox once it is dealt with; a crash before that brings it back. */
  receive(parcel: Parcel): void {
    const { account } = this.parts;
    const settle = (): void => {
      account.mailbox.confirm(parcel.kind, parcel.id);
    };
    this.#background(() => this.#take(decodeNode(parcel.encoded), settle));
  }

  /** Writes a message into a chat and to the account's own linked devices; resolves with its id once it is on its way. */
  async send(to: Account, message: proto.IMessage, options: SendOptions = {}): Promise<string> {
    const id = newMessageId();
    await this.#enqueue(() => sendMessage(this.parts, { id, to, message, ...options }));
    return id;
  }

  /** Confirms reading; the author sees it and so do the account's linked devices. */
  read(chat: Account, ids: string[]): void {
    const { account, post, log } = this.parts;
    const [first, ...others] = ids;
    if (first === undefined) return;
    const items = others.map((id) => el('item', { id }));
    const t = Math.floor(Date.now() / 1000);
    const attrs = { id: first, to: chat.jid(this.addressingOf(chat)), type: 'read', t };
    post.receipt(handsetOf(account), el('receipt', attrs, items.length === 0 ? undefined : [el('list', {}, items)]));
    for (const id of ids) {
      const message = log.find(chat.number, id);
      if (message !== undefined && !message.fromMe) log.raise(message, 'read');
    }
  }

  /** Shares settings key and history with a device that is ready for them. */
  bootstrap(device: Device): void {
    const { account, log, world } = this.parts;
    this.#background(async () => {
      await sendPeerMessage(this.parts, device, keyShareMessage(account));
      const history = historyMessages(account, log.list(), (number) => world.account(number));
      for (const message of history) await sendPeerMessage(this.parts, device, message);
    });
  }

  addressingOf(partner: Account): Addressing {
    return addressingOf(this.parts, partner);
  }

  async #take(node: Node, settle: () => void): Promise<void> {
    const { account } = this.parts;
    if (node.tag === 'receipt') await takeReceipt(this.parts, node, settle);
    else if (node.tag === 'message') {
      const { shareKeyWith } = await takeMessage(this.parts, node, settle);
      const device = account.devices.get(shareKeyWith ?? 0);
      if (device !== undefined) await sendPeerMessage(this.parts, device, keyShareMessage(account));
    } else settle();
  }

  /** Runs a task after all earlier ones. Its failure is the caller's to handle and does not stop the next task. */
  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#work.then(task);
    this.#work = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** Runs a task nobody waits for; its failure is reported. */
  #background(task: () => Promise<void>): void {
    this.#enqueue(task).catch((error: unknown) => this.report(this.parts.account, error));
  }
}
