/** Receipts that reach a handset: raising the status of its messages, and sending again what could not be read. */
import { proto } from 'baileys/WAProto/index.js';
import { child, children, el, type Node } from '../../wire/node.js';
import type { Account } from '../account.js';
import type { ResolvedAddress } from '../world.js';
import type { ChatLog, LoggedMessage, MessageStatus } from './chat-log.js';
import { stanzaType } from './content.js';
import { sessionAddress } from './envelope.js';
import { type HandsetParts, handsetOf } from './parts.js';
import { bundleInReceipt } from './retry.js';
import { beginSession, seal } from './seal.js';
import { encodeMessage } from './send-message.js';
import { SignalStore } from './signal-store.js';

const STATUS: Record<string, MessageStatus> = { '': 'delivered', read: 'read', played: 'played' };

/** Takes one receipt; `settle` is called when it is dealt with. */
export async function takeReceipt(parts: HandsetParts, node: Node, settle: () => void): Promise<void> {
  const reader = parts.world.resolve(node.attrs.from);
  if (reader !== undefined) {
    if (node.attrs.type === 'retry') await answerRetry(parts, node, reader);
    else raiseStatus(parts.account, parts.log, node, reader);
  }
  settle();
}

function raiseStatus(owner: Account, log: ChatLog, node: Node, reader: ResolvedAddress): void {
  const type = node.attrs.type ?? '';
  const ids = [node.attrs.id, ...children(child(node, 'list')).map((item) => item.attrs.id)];
  for (const id of ids) {
    const message = log.findById(id ?? '');
    if (message === undefined) continue;
    const status = STATUS[type];
    if (reader.account !== owner && message.fromMe && status !== undefined) log.raise(message, status);
    // The person has read it on a linked device.
    if (reader.account === owner && type === 'read-self' && !message.fromMe) log.raise(message, 'read');
  }
}

/** Somebody could not open a message: a fresh session and the same message again, for that device alone. */
async function answerRetry(parts: HandsetParts, receipt: Node, reader: ResolvedAddress): Promise<void> {
  const { account, world, post, signal, log, retries } = parts;
  const message = log.findById(receipt.attrs.id ?? '');
  const partner = message && world.account(message.chat);
  if (message === undefined || partner === undefined || !message.fromMe) return;
  const attempt = retries.next(`${message.id} ${sessionAddress(reader)}`);
  if (attempt === undefined) return;
  const store = new SignalStore(account.record, signal.state);
  store.forgetSession(sessionAddress(reader));
  await beginSession(parts, store, reader, bundleInReceipt(receipt));
  const sealed = await seal(
    parts,
    store,
    { endpoint: reader, addressing: reader.addressing },
    resentContent(parts, message, partner, reader),
  );
  const [enc] = children(sealed);
  if (enc !== undefined) enc.attrs.count = child(receipt, 'retry')?.attrs.count ?? String(attempt);
  const attrs = {
    id: message.id,
    to: sealed.attrs.jid,
    type: stanzaType(proto.Message.decode(message.content)),
    recipient: reader.account === account ? partner.jid(reader.addressing) : undefined,
    device_fanout: 'false',
  };
  world.journal.transaction(() => {
    signal.commit(store.changes);
    post.message(handsetOf(account), el('message', attrs, children(sealed)));
  });
}

function resentContent(parts: HandsetParts, message: LoggedMessage, partner: Account, reader: ResolvedAddress): Buffer {
  if (reader.account !== parts.account) return message.content;
  const destinationJid = partner.jid(reader.addressing);
  return encodeMessage({ deviceSentMessage: { destinationJid, message: proto.Message.decode(message.content) } });
}
