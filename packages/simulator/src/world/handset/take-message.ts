/** Receiving: opening what arrives, letting it take effect, and telling the author. */
import { el, type Node } from '../../wire/node.js';
import { applyMessage } from './apply-message.js';
import { type OpenedMessage, openMessage } from './open-message.js';
import { type HandsetParts, handsetOf } from './parts.js';
import { retryReceipt } from './retry.js';
import { SignalStore } from './signal-store.js';

/** What a message asks the handset to do afterwards. */
export interface Followup {
  /** A linked device lacks the key of the synced settings. */
  shareKeyWith?: number;
}

/** Takes one message; `settle` is called in the transaction that stores its outcome. */
export async function takeMessage(parts: HandsetParts, node: Node, settle: () => void): Promise<Followup> {
  const { account, world, signal, post, log, retries } = parts;
  const sender = world.resolve(node.attrs.from);
  if (sender === undefined) {
    settle();
    return {};
  }
  const store = new SignalStore(account.record, signal.state);
  const opened: OpenedMessage = parts.losesNext(account)
    ? { outcome: 'failed', id: node.attrs.id ?? '', problem: 'lost on purpose' }
    : await openMessage(store, sender, node);
  const me = handsetOf(account);
  if (opened.outcome === 'failed') {
    world.journal.transaction(() => {
      settle();
      const attempt = retries.next(opened.id);
      if (attempt !== undefined) post.receipt(me, retryReceipt(account, signal, node, attempt));
    });
    return {};
  }
  retries.clear(opened.id);
  world.journal.transaction(() => {
    signal.commit(store.changes);
    settle();
    if (opened.outcome === 'opened') {
      applyMessage(world, log, { owner: account, author: sender.account, node, message: opened.message });
    }
    post.receipt(me, deliveryReceipt(node, sender.account === account));
  });
  const keyRequest = opened.outcome === 'opened' && opened.message.protocolMessage?.appStateSyncKeyRequest;
  return keyRequest && sender.account === account ? { shareKeyWith: sender.index } : {};
}

/** Says that a message has arrived; to own devices in the words used among own devices. */
function deliveryReceipt(node: Node, fromOwnDevice: boolean): Node {
  const { id, from, recipient, category } = node.attrs;
  if (!fromOwnDevice) return el('receipt', { id, to: from });
  return el('receipt', { id, to: from, recipient, type: category === 'peer' ? 'peer_msg' : 'sender' });
}
