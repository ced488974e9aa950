/** A linked device that is logged in: drains what waited for it, answers its requests, takes in what it sends. */
import { decodeNode } from '../wire/decode-node.js';
import { SERVER_JID } from '../wire/jid.js';
import { child, children, el, type Node } from '../wire/node.js';
import type { Device } from '../world/account.js';
import type { Parcel } from '../world/mailbox.js';
import type { Connection, Role } from './connection.js';
import { IqError, iqFailure, iqNames, iqResult } from './iq.js';
import { iqTable } from './iq-table.js';
import { KNOWN_BULLETINS } from './known-stanzas.js';

const SLICE = 100;

export class Companion implements Role {
  /** The name this device signs its messages with. */
  pushName: string | undefined;
  /** Stanzas that arrived while the backlog was still going out; undefined once it is out. */
  #held: Parcel[] | undefined = [];

  constructor(
    readonly connection: Connection,
    readonly device: Device,
  ) {}

  /** Greets the device and hands over everything that waited. */
  start(presentedRoutingInfo: Buffer | undefined): void {
    const { network } = this.connection;
    network.admit(this);
    const { account } = this.device;
    this.connection.send(
      el('success', {
        t: Math.floor(Date.now() / 1000),
        props: 27,
        companion_enc_static: 'NULL',
        lid: this.device.jid('lid'),
        display_name: account.record.name,
        abprops: 1,
        group_abprops: 1,
        location: network.location,
        creation: Math.floor(account.record.createdAt / 1000),
      }),
    );
    if (!presentedRoutingInfo?.equals(network.routingInfo)) this.#sendRoutingInfo();
    const waiting = this.device.mailbox.waiting();
    if (waiting.length > 0) this.#announce(waiting);
    this.#drain(waiting, 0);
  }

  /** Sends a stanza the mailbox keeps until it is confirmed. */
  offer(parcel: Parcel): void {
    if (this.#held !== undefined) this.#held.push(parcel);
    else this.#hand(parcel);
  }

  /** Sends a stanza nobody keeps, such as somebody's typing. */
  whisper(node: Node): void {
    if (this.#held === undefined) this.connection.send(node);
  }

  receive(node: Node): void {
    const { network } = this.connection;
    switch (node.tag) {
      case 'iq':
        this.#receiveIq(node);
        return;
      case 'message':
        network.post.acceptMessage(this, node);
        return;
      case 'receipt':
        network.post.acceptReceipt(this, node);
        return;
      case 'ack':
        this.device.mailbox.confirm(node.attrs.class ?? '', node.attrs.id ?? '');
        return;
      case 'presence':
      case 'chatstate':
        network.presence.accept(this, node);
        return;
      case 'call':
        this.connection.send(el('ack', { class: 'call', id: node.attrs.id, from: node.attrs.to }));
        return;
      case 'ib':
        if (!children(node).every((item) => KNOWN_BULLETINS.has(item.tag))) network.stats.unknown(node);
        return;
      default:
        network.stats.unknown(node);
    }
  }

  closed(): void {
    this.#held = [];
    this.connection.network.dismiss(this);
  }

  #receiveIq(iq: Node): void {
    const type = iq.attrs.type;
    if (type !== 'get' && type !== 'set') return;
    const handler = iqNames(iq)
      .map((name) => iqTable[name])
      .find((found) => found !== undefined);
    if (handler === undefined) {
      this.connection.network.stats.unknown(iq);
      this.connection.send(iqResult(iq));
      return;
    }
    try {
      this.connection.send(iqResult(iq, handler({ iq, body: child(iq) ?? el(''), asker: this })));
    } catch (error) {
      if (!(error instanceof IqError)) throw error;
      this.connection.send(iqFailure(iq, error));
    }
  }

  #sendRoutingInfo(): void {
    const info = el('routing_info', {}, this.connection.network.routingInfo);
    this.connection.send(el('ib', { from: SERVER_JID }, [el('edge_routing', {}, [info])]));
  }

  #announce(waiting: Parcel[]): void {
    const count = (kind: string): number => waiting.filter((parcel) => parcel.kind === kind).length;
    this.connection.send(
      el('ib', { from: SERVER_JID }, [
        el('offline_preview', {
          count: waiting.length,
          message: count('message'),
          receipt: count('receipt'),
          notification: count('notification'),
          call: count('call'),
        }),
      ]),
    );
  }

  /** In slices, so that one device's long backlog does not hold up everybody else. */
  #drain(waiting: Parcel[], from: number): void {
    if (this.connection.link.isClosed) return;
    const end = Math.min(from + SLICE, waiting.length);
    for (const [at, parcel] of waiting.slice(from, end).entries()) {
      const node = decodeNode(parcel.encoded);
      node.attrs.offline = String(from + at);
      this.connection.send(node);
    }
    if (end < waiting.length) {
      setImmediate(() => this.#drain(waiting, end));
      return;
    }
    const finished = el('offline', { count: waiting.length });
    this.connection.send(el('ib', { from: SERVER_JID }, [finished]));
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const parcel of held) this.#hand(parcel);
    this.connection.network.faults.onEstablished(this.connection);
  }

  #hand(parcel: Parcel): void {
    this.connection.network.stats.sent(parcel.label);
    this.connection.link.sendSealed(parcel.encoded);
  }
}
