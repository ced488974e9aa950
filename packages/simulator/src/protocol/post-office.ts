import { encodeNode } from '../wire/encode-node.js';
import { isServerJid } from '../wire/jid.js';
import { child, children, el, type Node } from '../wire/node.js';
import type { Account } from '../world/account.js';
import type { Post } from '../world/handset/post.js';
import { verifiedName } from '../world/verified-name.js';
import type { Endpoint, ResolvedAddress } from '../world/world.js';
import type { Companion } from './companion.js';
import type { Network } from './network.js';
import { kindOf } from './stats.js';

/** Children of a message that go to every device beside its own ciphertext. */
const SHARED_CHILDREN = new Set(['meta', 'biz', 'bot']);
const FORWARDED_RECEIPTS = new Set(['', 'inactive', 'read', 'played', 'retry']);
const UNKNOWN_RECIPIENT = 404;

export class PostOffice implements Post {
  constructor(private readonly network: Network) {}

  /** A message from a linked device: kept for its recipients first, acknowledged then. */
  acceptMessage(from: Companion, node: Node): void {
    const { account, index } = from.device;
    const error = this.message({ account, index }, node);
    from.connection.send(
      el('ack', {
        class: 'message',
        id: node.attrs.id,
        from: node.attrs.to,
        participant: node.attrs.participant,
        t: now(),
        error,
      }),
    );
  }

  /** Routes a message to every device it carries a ciphertext for. Returns an error code when it has no recipient. */
  message(sender: Endpoint, node: Node): number | undefined {
    const to = this.network.world.resolve(node.attrs.to);
    if (to === undefined) return UNKNOWN_RECIPIENT;
    const direct = children(node, 'enc');
    this.network.world.journal.transaction(() => {
      for (const part of children(child(node, 'participants'), 'to')) {
        const target = this.network.world.resolve(part.attrs.jid);
        if (target !== undefined) this.#forward(sender, node, target, children(part, 'enc'));
      }
      if (direct.length > 0) this.#forward(sender, node, to, direct);
    });
    this.network.handsets.learnAddressing(to.account, sender.account, to.addressing);
    return undefined;
  }

  /** A receipt from a linked device: settles its mailbox, is acknowledged and passed on. */
  acceptReceipt(from: Companion, node: Node): void {
    const { id, to, participant, type } = node.attrs;
    for (const item of receiptIds(node)) from.device.mailbox.confirm('message', item);
    from.connection.send(el('ack', { class: 'receipt', id, from: to, participant, type }));
    this.receipt({ account: from.device.account, index: from.device.index }, node);
  }

  /** Passes a receipt on to the author, and reading also to the reader's own other devices. */
  receipt(reader: Endpoint, node: Node): void {
    const type = node.attrs.type ?? '';
    const author = this.network.world.resolve(node.attrs.to);
    if (author === undefined) return;
    if (type === 'read' || type === 'read-self') this.#tellOwnDevices(reader, node, author);
    if (!FORWARDED_RECEIPTS.has(type)) return;
    const attrs = {
      id: node.attrs.id,
      from: reader.account.jid(author.addressing, reader.index),
      type: type === 'inactive' || type === '' ? undefined : type,
      recipient: type === 'retry' ? node.attrs.recipient : undefined,
      t: node.attrs.t ?? now(),
    };
    const receipt = el('receipt', attrs, Array.isArray(node.content) ? node.content : undefined);
    if (type === 'retry') {
      this.deliver(author, receipt);
      return;
    }
    for (const endpoint of endpointsOf(author.account)) this.deliver(endpoint, receipt);
  }

  /** Keeps a stanza for one device or handset until it is confirmed, and sends it at once when that is possible. */
  deliver(target: Endpoint, node: Node): void {
    const parcel = { kind: node.tag, id: node.attrs.id ?? '', label: kindOf(node), encoded: encodeNode(node) };
    if (target.index === 0) {
      this.network.handsets.receive(target.account, target.account.mailbox.add(parcel));
      return;
    }
    const device = target.account.devices.get(target.index);
    if (device === undefined) return;
    const kept = device.mailbox.add(parcel);
    this.network.companion(device)?.offer(kept);
  }

  #forward(sender: Endpoint, node: Node, target: ResolvedAddress, ciphertexts: Node[]): void {
    const { account } = sender;
    if (target.account === account && target.index === sender.index) return;
    const toSelf = target.account === account;
    const isPeer = node.attrs.category === 'peer';
    // A copy for the sender's own other device names the chat it belongs to; a resend names it already.
    const recipient = toSelf && !isPeer ? (node.attrs.recipient ?? node.attrs.to) : undefined;
    const content = ciphertexts.map((enc) => el('enc', enc.attrs, enc.content));
    for (const item of children(node)) {
      const identityNeeded = item.tag === 'device-identity' && ciphertexts.some((enc) => enc.attrs.type === 'pkmsg');
      if (identityNeeded || SHARED_CHILDREN.has(item.tag)) content.push(item);
    }
    const other = target.addressing === 'pn' ? 'lid' : 'pn';
    // On a copy for ourselves the other address named is the recipient's: clients take it for the chat's.
    const alternative =
      recipient === undefined
        ? { [`sender_${other}`]: account.jid(other) }
        : { [`peer_recipient_${other}`]: this.network.world.resolve(recipient)?.account.jid(other) };
    if (account.record.business) content.push(el('verified_name', {}, verifiedName(account)));
    this.deliver(
      target,
      el(
        'message',
        {
          id: node.attrs.id,
          t: now(),
          type: node.attrs.type,
          notify: this.#nameOf(sender),
          from: account.jid(target.addressing, sender.index),
          ...alternative,
          recipient,
          edit: node.attrs.edit,
          category: node.attrs.category,
        },
        content,
      ),
    );
  }

  #nameOf({ account, index }: Endpoint): string {
    const device = account.devices.get(index);
    return (device && this.network.companion(device)?.pushName) ?? account.record.name;
  }

  #tellOwnDevices(reader: Endpoint, node: Node, author: ResolvedAddress): void {
    const receipt = el(
      'receipt',
      {
        id: node.attrs.id,
        from: reader.account.jid(author.addressing),
        recipient: author.account.jid(author.addressing),
        type: 'read-self',
        t: node.attrs.t ?? now(),
      },
      Array.isArray(node.content) ? node.content : undefined,
    );
    for (const endpoint of endpointsOf(reader.account)) {
      if (endpoint.index !== reader.index) this.deliver(endpoint, receipt);
    }
  }
}

/** The ids a receipt speaks of. */
export function receiptIds(node: Node): string[] {
  const ids = [node.attrs.id ?? ''];
  for (const item of children(child(node, 'list'), 'item')) ids.push(item.attrs.id ?? '');
  return ids;
}

/** The handset and every linked device of an account. */
export function endpointsOf(account: Account): Endpoint[] {
  return [{ account, index: 0 }, ...[...account.devices.keys()].map((index) => ({ account, index }))];
}

/** True for a stanza addressed to the network itself. */
export function isForServer(node: Node): boolean {
  return isServerJid(node.attrs.to);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
