/** A virtual phone: it decrypts, answers with receipts, remembers, and writes what its person tells it to write. */
import { randomBytes } from 'node:crypto';
import { proto } from 'baileys/WAProto/index.js';
import { decodeNode } from '../../wire/codec.js';
import type { Addressing } from '../../wire/jid.js';
import { child, children, el, type Node } from '../../wire/node.js';
import type { Account, Device } from '../account.js';
import { type Bundle, takeBundle } from '../bundle.js';
import type { Parcel } from '../mailbox.js';
import type { Endpoint, World } from '../world.js';
import type { ChatLog, LoggedMessage } from './chat-log.js';
import { stanzaType, viewContent } from './content.js';
import { encryptFor, hasSession, pad, sessionAddress, startSession } from './envelope.js';
import type { Handsets } from './handsets.js';
import { historyMessages, keyShareMessage } from './history.js';
import { openMessage } from './open-message.js';
import type { Post } from './post.js';
import { bundleInReceipt, retryReceipt } from './retry.js';
import type { SignalMemory } from './signal-memory.js';
import { SignalStore } from './signal-store.js';

const MAX_RETRIES = 5;

export interface HandsetParts {
  account: Account;
  world: World;
  post: Post;
  handsets: Handsets;
  signal: SignalMemory;
  log: ChatLog;
}

/** What to put on the wire beside the ciphertexts. */
interface Outgoing {
  id: string;
  to: Account;
  message: proto.IMessage;
  attrs?: Record<string, string>;
}

export class Handset {
  /** One thing at a time: a session must never be used by two operations at once. */
  #work: Promise<void> = Promise.resolve();
  #retries = new Map<string, number>();
  /** How each chat partner last addressed us: they keep their session under that address. */
  readonly addressing = new Map<string, Addressing>();

  constructor(private readonly parts: HandsetParts) {}

  get log(): ChatLog {
    return this.parts.log;
  }

  /** Resolves when everything begun so far is done. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** Takes a stanza out of the mailbox once it is dealt with; a crash before that brings it back. */
  receive(parcel: Parcel): void {
    void this.#enqueue(async () => {
      const node = decodeNode(parcel.encoded);
      const settle = (): void => {
        this.parts.account.mailbox.confirm(parcel.kind, parcel.id);
      };
      if (node.tag === 'message') await this.#receiveMessage(node, settle);
      else if (node.tag === 'receipt') await this.#receiveReceipt(node, settle);
      else settle();
    });
  }

  /** Writes a message into a chat and to the account's own linked devices; resolves with its id once it is on its way. */
  async send(to: Account, message: proto.IMessage, attrs: Record<string, string> = {}, logged = true): Promise<string> {
    const id = randomBytes(16).toString('hex').toUpperCase();
    await this.#enqueue(() => this.#send({ id, to, message, attrs }, logged));
    return id;
  }

  /** Confirms reading; the author sees it and so do the account's linked devices. */
  read(chat: Account, ids: string[]): void {
    const { account, post } = this.parts;
    const [first, ...others] = ids;
    if (first === undefined) return;
    const list = others.map((id) => el('item', { id }));
    const attrs = { id: first, to: chat.jid(this.addressingOf(chat)), type: 'read', t: now() };
    post.receipt({ account, index: 0 }, el('receipt', attrs, list.length === 0 ? undefined : [el('list', {}, list)]));
  }

  /** Shares settings key and history with a device that has just become reachable. */
  async bootstrap(device: Device): Promise<void> {
    const { account, log, world } = this.parts;
    await this.#enqueue(async () => {
      const find = (number: string): Account | undefined => world.account(number);
      for (const message of [keyShareMessage(account), ...historyMessages(account, log.list(), find)]) {
        await this.#sendPeer(device, message);
      }
    });
  }

  addressingOf(partner: Account): Addressing {
    return this.addressing.get(partner.number) ?? 'pn';
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#work.then(task);
    this.#work = result.then(
      () => undefined,
      (error: unknown) => this.parts.handsets.report(this.parts.account, error),
    );
    return result;
  }

  async #send({ id, to, message, attrs = {} }: Outgoing, logged: boolean): Promise<void> {
    const { account, world, post, signal, log } = this.parts;
    const addressing = this.addressingOf(to);
    const store = new SignalStore(account.record, signal.state);
    const destinationJid = to.jid(addressing);
    const own = { deviceSentMessage: { destinationJid, message } };
    const plain = proto.Message.encode(message).finish();
    const ownPlain = proto.Message.encode(own).finish();
    const participants: Node[] = [];
    const others = to === account ? [] : [{ account: to, index: 0 }, ...endpointsOf(to)];
    for (const endpoint of others) participants.push(await this.#seal(store, endpoint, plain, addressing));
    for (const endpoint of endpointsOf(account))
      participants.push(await this.#seal(store, endpoint, ownPlain, addressing));
    const stanza = el('message', { ...attrs, id, to: destinationJid, type: stanzaType(message) }, [
      el('participants', {}, participants),
    ]);
    world.journal.transaction(() => {
      signal.commit(store.changes);
      if (logged) log.add({ ...this.#entry(id, to.number, account.number, message), fromMe: true, status: 'sent' });
      post.message({ account, index: 0 }, stanza);
    });
  }

  async #sendPeer(device: Device, message: proto.IMessage): Promise<void> {
    const { account, world, post, signal } = this.parts;
    const store = new SignalStore(account.record, signal.state);
    const endpoint = { account, index: device.index };
    const sealed = await this.#seal(store, endpoint, proto.Message.encode(message).finish(), 'pn');
    const id = randomBytes(16).toString('hex').toUpperCase();
    const attrs = { id, to: device.jid(), type: 'protocol', category: 'peer' };
    world.journal.transaction(() => {
      signal.commit(store.changes);
      post.message({ account, index: 0 }, el('message', attrs, children(sealed)));
    });
  }

  /** One `<to>` of a fan-out, starting a session where there is none. */
  async #seal(store: SignalStore, endpoint: Endpoint, plain: Uint8Array, addressing: Addressing): Promise<Node> {
    if (!(await hasSession(store, endpoint))) await this.#begin(store, endpoint);
    const { type, ciphertext } = await encryptFor(store, endpoint, pad(plain));
    return el('to', { jid: endpoint.account.jid(addressing, endpoint.index) }, [el('enc', { v: 2, type }, ciphertext)]);
  }

  async #begin(store: SignalStore, endpoint: Endpoint, given?: Bundle): Promise<void> {
    const bundle = given ?? takeBundle(endpoint, this.parts.handsets);
    if (bundle === undefined) throw new Error(`no keys for device ${endpoint.index} of ${endpoint.account.number}`);
    await startSession(store, endpoint, bundle);
  }

  async #receiveMessage(node: Node, settle: () => void): Promise<void> {
    const { account, world, signal, post } = this.parts;
    const sender = world.resolve(node.attrs.from);
    if (sender === undefined) return settle();
    const store = new SignalStore(account.record, signal.state);
    const opened = await openMessage(store, sender, node);
    const me = { account, index: 0 };
    world.journal.transaction(() => {
      signal.commit(store.changes);
      settle();
      if (opened.outcome === 'failed') {
        const attempt = (this.#retries.get(opened.id) ?? 0) + 1;
        this.#retries.set(opened.id, attempt);
        if (attempt <= MAX_RETRIES) post.receipt(me, retryReceipt(account, signal, node, attempt));
        return;
      }
      this.#retries.delete(opened.id);
      if (opened.outcome === 'opened') {
        this.parts.handsets.apply(this, { owner: account, author: sender.account, node, message: opened.message });
      }
      const ownCopy = sender.account === account;
      const attrs = ownCopy
        ? { id: opened.id, to: node.attrs.from, recipient: node.attrs.recipient, type: 'sender' }
        : { id: opened.id, to: node.attrs.from };
      post.receipt(me, el('receipt', attrs));
    });
  }

  async #receiveReceipt(node: Node, settle: () => void): Promise<void> {
    const type = node.attrs.type;
    const reader = this.parts.world.resolve(node.attrs.from);
    const message = this.log.findById(node.attrs.id ?? '');
    if (type === 'retry' && reader !== undefined && message !== undefined) {
      await this.#resend(message, reader, reader.addressing, node);
    } else if (reader !== undefined && reader.account !== this.parts.account) {
      const status = type === undefined ? 'delivered' : type === 'read' || type === 'played' ? type : undefined;
      for (const id of [node.attrs.id, ...children(child(node, 'list')).map((item) => item.attrs.id)]) {
        const found = this.log.findById(id ?? '');
        if (status !== undefined && found?.fromMe === true) this.log.raise(found, status);
      }
    }
    settle();
  }

  /** Somebody could not decrypt: a fresh session and the same message again, for that device alone. */
  async #resend(message: LoggedMessage, reader: Endpoint, addressing: Addressing, receipt: Node): Promise<void> {
    const { account, world, post, signal } = this.parts;
    const key = `${message.id} ${sessionAddress(reader)}`;
    const attempt = (this.#retries.get(key) ?? 0) + 1;
    this.#retries.set(key, attempt);
    const partner = world.account(message.chat);
    if (attempt > MAX_RETRIES || !message.fromMe || partner === undefined) return;
    const store = new SignalStore(account.record, signal.state);
    store.forgetSession(sessionAddress(reader));
    await this.#begin(store, reader, bundleInReceipt(receipt));
    const toSelf = reader.account === account;
    const destinationJid = partner.jid(addressing);
    const content = proto.Message.decode(message.content);
    const plain = proto.Message.encode(
      toSelf ? { deviceSentMessage: { destinationJid, message: content } } : content,
    ).finish();
    const sealed = await this.#seal(store, reader, plain, addressing);
    const attrs = {
      id: message.id,
      to: sealed.attrs.jid,
      type: stanzaType(content),
      recipient: toSelf ? destinationJid : undefined,
      device_fanout: 'false',
    };
    const [enc] = children(sealed);
    if (enc !== undefined) enc.attrs.count = child(receipt, 'retry')?.attrs.count ?? String(attempt);
    world.journal.transaction(() => {
      signal.commit(store.changes);
      post.message({ account, index: 0 }, el('message', attrs, children(sealed)));
    });
  }

  #entry(id: string, chat: string, from: string, message: proto.IMessage) {
    return { id, chat, from, ...viewContent(message), at: Date.now(), content: encode(message) };
  }
}

/** Devices of an account that others can write to. */
function endpointsOf(account: Account): Endpoint[] {
  return [...account.devices.keys()].map((index) => ({ account, index }));
}

/** A message as the log keeps it. */
export function encode(message: proto.IMessage): Buffer {
  return Buffer.from(proto.Message.encode(message).finish());
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
