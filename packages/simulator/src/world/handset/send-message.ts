/** Writing: sealing a message for every device concerned and handing it to the network. */
import { randomBytes } from 'node:crypto';
import { proto } from 'baileys/WAProto/index.js';
import { children, el, type Node } from '../../wire/node.js';
import type { Account, Device } from '../account.js';
import { stanzaType, viewContent } from './content.js';
import { addressingOf, companionsOf, type HandsetParts, handsetOf } from './parts.js';
import { seal } from './seal.js';
import { SignalStore } from './signal-store.js';

export interface Outgoing {
  id: string;
  to: Account;
  message: proto.IMessage;
  /** Further attributes of the stanza. */
  attrs?: Record<string, string>;
  /** False for what changes another message rather than being one. */
  logged?: boolean;
}

/** An id as handsets make them. */
export function newMessageId(): string {
  return randomBytes(16).toString('hex').toUpperCase();
}

/** Sends into a chat and to the account's own linked devices. On return the network keeps it for all of them. */
export async function sendMessage(parts: HandsetParts, outgoing: Outgoing): Promise<void> {
  const { account, world, post, signal, log } = parts;
  const { id, to, message, attrs = {}, logged = true } = outgoing;
  const addressing = addressingOf(parts, to);
  const store = new SignalStore(account.record, signal.state);
  const destinationJid = to.jid(addressing);
  const plain = encodeMessage(message);
  const ownPlain = encodeMessage({ deviceSentMessage: { destinationJid, message } });
  const participants: Node[] = [];
  for (const endpoint of to === account ? [] : [handsetOf(to), ...companionsOf(to)]) {
    participants.push(await seal(parts, store, { endpoint, addressing }, plain));
  }
  for (const endpoint of companionsOf(account)) {
    participants.push(await seal(parts, store, { endpoint, addressing }, ownPlain));
  }
  const stanza = el('message', { ...attrs, id, to: destinationJid, type: stanzaType(message) }, [
    el('participants', {}, participants),
  ]);
  world.journal.transaction(() => {
    signal.commit(store.changes);
    if (logged) {
      log.add({
        id,
        chat: to.number,
        from: account.number,
        fromMe: true,
        ...viewContent(message),
        status: 'sent',
        at: Date.now(),
        content: plain,
      });
    }
    post.message(handsetOf(account), stanza);
  });
}

/** Sends something to one of the account's own devices that is no message to anybody. */
export async function sendPeerMessage(parts: HandsetParts, device: Device, message: proto.IMessage): Promise<void> {
  const { account, world, post, signal } = parts;
  const store = new SignalStore(account.record, signal.state);
  const target = { endpoint: { account, index: device.index }, addressing: 'pn' as const };
  const sealed = await seal(parts, store, target, encodeMessage(message));
  const attrs = { id: newMessageId(), to: device.jid(), type: 'protocol', category: 'peer' };
  world.journal.transaction(() => {
    signal.commit(store.changes);
    post.message(handsetOf(account), el('message', attrs, children(sealed)));
  });
}

/** A message as it travels and as the log keeps it. */
export function encodeMessage(message: proto.IMessage): Buffer {
  return Buffer.from(proto.Message.encode(message).finish());
}
