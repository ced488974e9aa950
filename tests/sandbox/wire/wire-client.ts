/**
 * A client of our own on the bare wire: WebSocket, frames, Noise and nodes without either library's connection code.
 * It asks what well-behaved clients never do, and checks by its own arithmetic what they are told.
 */
import { WebSocket } from 'ws';
import { decodeBinaryNodeStanza, encodeBinaryNodeStanza } from 'zapo-js/transport';
import { until } from '../until.js';
import { type CurveKeys, freshCurveKeys } from './curve.js';
import { FrameReader, frame } from './frames.js';
import { decodeHandshake } from './handshake-message.js';
import { finishIK, finishXX, type Greeted, helloIK, helloXX, type Initiator, intro, patterns } from './noise.js';

export interface WireNode {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: Uint8Array | string | readonly WireNode[];
}

/** How the bytes of one flush are cut into WebSocket messages. */
export type Cut = (bytes: Buffer) => readonly Buffer[];

export const whole: Cut = (bytes) => [bytes];
export const byteByByte: Cut = (bytes) => Array.from(bytes, (byte) => Buffer.from([byte]));

export interface WireOptions {
  readonly payload: Uint8Array;
  readonly noise?: CurveKeys;
  readonly cut?: Cut;
  readonly routing?: Buffer;
  /** Resume towards this server key instead of starting over. */
  readonly serverStatic?: Buffer;
}

export class WireClient {
  readonly received: WireNode[] = [];
  closed = false;
  readonly #reader = new FrameReader();
  /** Frames that arrived before the handshake was done: the server hello, and perhaps sealed ones behind it. */
  readonly #early: Buffer[] = [];
  #greeted: Greeted | undefined;
  #reading = Promise.resolve();
  #ids = 0;

  private constructor(
    private readonly socket: WebSocket,
    private readonly cut: Cut,
  ) {
    socket.on('message', (data: Buffer) => {
      for (const payload of this.#reader.push(data)) this.#take(payload);
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => socket.terminate());
  }

  /** Connects and completes the handshake; `fellBack` says that the server did not know the static key we resumed towards. */
  static async open(
    url: string,
    options: WireOptions,
  ): Promise<{ client: WireClient; greeted: Greeted; fellBack: boolean }> {
    const client = new WireClient(new WebSocket(url), options.cut ?? whole);
    await until('the socket to open', () => client.socket.readyState === WebSocket.OPEN, 5_000);
    const self: Initiator = {
      ephemeral: freshCurveKeys(),
      noise: options.noise ?? freshCurveKeys(),
      payload: options.payload,
    };
    const head = Buffer.concat([routingHeader(options.routing), intro]);
    const { greeted, fellBack } = await client.#shakeHands(self, head, options.serverStatic);
    client.#greeted = greeted;
    for (const payload of client.#early.splice(0)) client.#take(payload);
    return { client, greeted, fellBack };
  }

  /** Sends nodes as one piece of the byte stream. */
  send(...nodes: WireNode[]): void {
    this.sendSealed(...nodes.map((node) => encodeBinaryNodeStanza(node)));
  }

  /** Seals payloads, whatever they hold. */
  sendSealed(...payloads: Uint8Array[]): void {
    const { transport } = this.#session();
    this.sendRaw(Buffer.concat(payloads.map((payload) => frame(transport.encrypt(payload)))));
  }

  sendRaw(bytes: Buffer): void {
    for (const piece of this.cut(bytes)) this.socket.send(piece);
  }

  /** Sends a request and waits for what answers it. */
  async ask(node: WireNode): Promise<WireNode> {
    const id = `probe-${++this.#ids}`;
    this.send({ ...node, attrs: { ...node.attrs, id } });
    return this.next(`the answer to ${node.tag} ${id}`, (answer) => answer.attrs.id === id);
  }

  next(what: string, matches: (node: WireNode) => boolean): Promise<WireNode> {
    return until(what, () => this.received.find(matches), 8_000);
  }

  close(): void {
    this.socket.terminate();
  }

  async #shakeHands(self: Initiator, head: Buffer, known?: Buffer): Promise<{ greeted: Greeted; fellBack: boolean }> {
    if (known === undefined) {
      this.sendRaw(Buffer.concat([head, frame(helloXX(self))]));
      return { greeted: this.#finish(finishXX(self, await this.#serverHello())), fellBack: false };
    }
    const { hello, state } = helloIK(self, known);
    this.sendRaw(Buffer.concat([head, frame(hello)]));
    const answer = await this.#serverHello();
    if (answer.static === undefined) return { greeted: finishIK(self, state, known, answer), fellBack: false };
    return { greeted: this.#finish(finishXX(self, answer, patterns.XXfallback)), fellBack: true };
  }

  #finish(greeted: Greeted): Greeted {
    if (greeted.finish !== undefined) this.sendRaw(frame(greeted.finish));
    return greeted;
  }

  async #serverHello() {
    const message = await until('the server hello', () => this.#early.shift(), 5_000);
    return decodeHandshake('serverHello', message);
  }

  #take(payload: Buffer): void {
    if (this.#greeted === undefined) {
      this.#early.push(payload);
      return;
    }
    // Decoding is asynchronous; the chain keeps the order of arrival.
    const plain = this.#greeted.transport.decrypt(payload);
    this.#reading = this.#reading.then(async () => {
      this.received.push(await decodeBinaryNodeStanza(plain));
    });
  }

  #session(): Greeted {
    if (this.#greeted === undefined) throw new Error('the handshake is not done');
    return this.#greeted;
  }
}

function routingHeader(routing: Buffer | undefined): Buffer {
  if (routing === undefined) return Buffer.alloc(0);
  return Buffer.concat([Buffer.from('ED'), Buffer.from([0, 1]), frame(routing)]);
}

/** The children of a node with this tag. */
export function childrenOf(node: WireNode, tag: string): readonly WireNode[] {
  return typeof node.content === 'object' && !(node.content instanceof Uint8Array)
    ? node.content.filter((child) => child.tag === tag)
    : [];
}

/** The first child with this tag; throws when there is none. */
export function childOf(node: WireNode, tag: string): WireNode {
  const [found] = childrenOf(node, tag);
  if (found === undefined) throw new Error(`<${node.tag}> has no <${tag}>`);
  return found;
}

/** The bytes a node holds. */
export function bytesIn(node: WireNode): Buffer {
  if (typeof node.content === 'string') return Buffer.from(node.content);
  if (node.content instanceof Uint8Array) return Buffer.from(node.content);
  throw new Error(`<${node.tag}> holds no bytes`);
}
