/** One client connection from its first byte to its end: who it is, what it may do, and its faults. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Origin } from '../wire/chat-listener.js';
import type { Intro } from '../wire/frame-reader.js';
import { Link } from '../wire/link.js';
import { el, type Node } from '../wire/node.js';
import type { HandshakeResult } from '../wire/noise.js';
import type { Account } from '../world/account.js';
import { isOutdated, type Login, type Registration, readClientPayload } from './client-payload.js';
import { Companion } from './companion.js';
import type { Network } from './network.js';
import { Registrant } from './registrant.js';
import { kindOf } from './stats.js';

const NOT_AUTHORISED = 401;
const OUTDATED = 405;
const CLOSE_GRACE_MS = 1_000;

/** What a connection has become after the handshake. */
export interface Role {
  receive(node: Node): void;
  closed(): void;
}

export class Connection {
  readonly id = randomBytes(6).toString('hex');
  readonly link: Link;
  /** True once a login is through or a QR is offered. */
  isEstablished = false;
  #role: Role | undefined;
  #ended = false;
  #closing: NodeJS.Timeout | undefined;
  #account: Account | undefined;

  constructor(
    readonly network: Network,
    socket: WebSocket,
    tcp: Socket,
    readonly origin: Origin,
  ) {
    this.link = new Link(socket, tcp, network.identity, {
      opened: (result, intro) => this.#opened(result, intro),
      node: (node) => this.#received(node),
      violated: (problem) => this.#violated(problem),
      closed: () => this.#closed(),
    });
  }

  /** The account this connection speaks for, once it has logged in. */
  get account(): Account | undefined {
    return this.#account;
  }

  get companion(): Companion | undefined {
    return this.#role instanceof Companion ? this.#role : undefined;
  }

  get registrant(): Registrant | undefined {
    return this.#role instanceof Registrant ? this.#role : undefined;
  }

  send(node: Node): void {
    this.network.stats.sent(kindOf(node));
    this.link.send(node);
  }

  /** Ends the connection the way the network does: a last stanza, then, unless the client is quicker, the socket. */
  end(last?: Node, afterMs = 0): void {
    if (afterMs > 0) {
      setTimeout(() => this.end(last), afterMs).unref();
      return;
    }
    if (this.#ended) return;
    this.#ended = true;
    this.network.forget(this);
    this.#role?.closed();
    if (last === undefined) {
      this.link.close();
      return;
    }
    this.send(last);
    // A client that sees the socket close before it has understood the last stanza would take it for a lost network.
    this.#closing = setTimeout(() => this.link.close(), CLOSE_GRACE_MS);
  }

  #opened(result: HandshakeResult, intro: Intro): void {
    const payload = readClientPayload(result.payload);
    if (payload === undefined) this.#refuse(NOT_AUTHORISED);
    else if (isOutdated(payload.version, this.network.minimumWebVersion)) this.#refuse(OUTDATED);
    else if (payload.kind === 'registration') this.#register(payload, result.clientStatic);
    else this.#logIn(payload, result.clientStatic, intro.routingInfo);
  }

  #register(registration: Registration, noiseKey: Buffer): void {
    const registrant = new Registrant(this, registration, noiseKey);
    this.#role = registrant;
    if (!this.network.faults.onOpened(this)) registrant.start();
  }

  #logIn(login: Login, noiseKey: Buffer, routingInfo: Buffer | undefined): void {
    const device = this.network.world.account(login.number)?.devices.get(login.device);
    // A removed device and a device with another key are the same to the network: it does not know them.
    if (device === undefined || !device.record.noiseKey.equals(noiseKey)) {
      this.#refuse(NOT_AUTHORISED);
      return;
    }
    this.#account = device.account;
    this.network.remember(this.origin.tag, device.account);
    if (this.network.faults.onOpened(this)) return;
    const companion = new Companion(this, device);
    this.#role = companion;
    companion.start(routingInfo);
  }

  #refuse(reason: number): void {
    this.end(el('failure', { reason, location: this.network.location }));
  }

  #received(node: Node): void {
    if (this.#ended) return;
    this.network.stats.received(node);
    this.#role?.receive(node);
  }

  #violated(problem: string): void {
    this.network.stats.violation(problem);
    this.network.log('warn', 'a client broke the protocol', { connection: this.id, problem });
  }

  #closed(): void {
    clearTimeout(this.#closing);
    this.network.released(this);
    if (this.#ended) return;
    this.#ended = true;
    this.network.forget(this);
    this.#role?.closed();
  }
}
