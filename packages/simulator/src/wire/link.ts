/** One client's WebSocket: frames in, Noise handshake, then nodes in both directions. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { decodeNode } from './decode-node.js';
import { encodeNode } from './encode-node.js';
import { FrameReader, frame, type Intro } from './frame-reader.js';
import type { Node } from './node.js';
import { type HandshakeResult, NoiseResponder, type ServerIdentity, type Transport } from './noise.js';

/** What the owner of a link is told. */
export interface LinkHandlers {
  /** The handshake is done; from here on nodes may be sent. */
  opened(result: HandshakeResult, intro: Intro): void;
  node(node: Node): void;
  /** The client broke the protocol; the link is already closed. */
  violated(problem: string): void;
  /** Told once, after which nothing else is. */
  closed(): void;
}

/** A client that reads nothing is cut off here, so that it cannot fill our memory. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

export class Link {
  readonly connectedAt = new Date();
  bytesIn = 0;
  bytesOut = 0;
  #reader = new FrameReader();
  #responder: NoiseResponder | undefined;
  #transport: Transport | undefined;
  #frozen = false;
  #delayMs = 0;
  #outbox: { dueAt: number; write: () => void }[] = [];
  #unsent: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly socket: WebSocket,
    private readonly tcp: Socket,
    private readonly identity: ServerIdentity,
    private readonly handlers: LinkHandlers,
  ) {
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('close', () => this.#end());
    // The close event follows every socket error and says all we need.
    socket.on('error', () => socket.terminate());
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Sends a node in order behind everything sent before; silently dropped once the link is closed. */
  send(node: Node): void {
    this.write(() => {
      const transport = this.#transport;
      if (transport !== undefined) this.sendBytes(frame(transport.encrypt(encodeNode(node))));
    });
  }

  /** Sends a payload as one sealed frame, whatever it contains. */
  sendSealed(payload: Uint8Array): void {
    this.write(() => {
      const transport = this.#transport;
      if (transport !== undefined) this.sendBytes(frame(transport.encrypt(payload)));
    });
  }

  /** Puts raw bytes on the stream, past frames and cipher. What is sent in one go travels in one WebSocket message. */
  sendBytes(data: Buffer): void {
    if (this.#closed) return;
    if (this.#unsent.length === 0) queueMicrotask(() => this.#flush());
    this.#unsent.push(data);
  }

  /** Sends a WebSocket text message, which the protocol never does. */
  sendText(text: string): void {
    this.#flush();
    if (!this.#closed) this.socket.send(text);
  }

  /** Runs a write now, or when a freeze or delay lets it. */
  write(write: () => void): void {
    if (this.#closed) return;
    if (!this.#frozen && this.#delayMs === 0 && this.#outbox.length === 0) {
      write();
      return;
    }
    this.#outbox.push({ dueAt: Date.now() + this.#delayMs, write });
    this.#drain();
  }

  /** A frozen link neither reads nor writes, yet stays open, like a network that died silently. */
  setFrozen(frozen: boolean): void {
    if (this.#closed || frozen === this.#frozen) return;
    this.#frozen = frozen;
    if (frozen) this.socket.pause();
    else this.socket.resume();
    this.#drain();
  }

  /** Everything sent from now on leaves this much later, still in order. */
  setDelay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Closes politely once everything sent so far is out. */
  close(code = 1000): void {
    this.write(() => {
      this.#flush();
      this.socket.close(code);
    });
  }

  /** Cuts the TCP connection. */
  terminate(): void {
    this.socket.terminate();
  }

  /** Cuts the TCP connection with a reset, as a crashed peer or a firewall does. */
  reset(): void {
    this.tcp.resetAndDestroy();
  }

  #flush(): void {
    const [first, ...others] = this.#unsent;
    if (first === undefined || this.#closed) return;
    this.#unsent = [];
    const data = others.length === 0 ? first : Buffer.concat([first, ...others]);
    this.bytesOut += data.length;
    this.socket.send(data);
    if (this.socket.bufferedAmount > MAX_UNREAD_BYTES) this.terminate();
  }

  #drain(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#frozen && !this.#closed) {
      const next = this.#outbox[0];
      if (next === undefined) return;
      const waitMs = next.dueAt - Date.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#drain(), waitMs);
        return;
      }
      this.#outbox.shift();
      next.write();
    }
  }

  #receive(data: Buffer): void {
    this.bytesIn += data.length;
    try {
      for (const payload of this.#reader.push(data)) {
        if (this.#closed) return;
        if (this.#transport === undefined) this.#handshake(payload);
        else this.handlers.node(decodeNode(this.#transport.decrypt(payload)));
      }
    } catch (error) {
      this.terminate();
      this.handlers.violated(error instanceof Error ? error.message : String(error));
    }
  }

  #handshake(payload: Buffer): void {
    const intro = this.#reader.intro;
    if (intro === undefined) return;
    this.#responder ??= new NoiseResponder(this.identity, intro.prologue);
    const { reply, result } = this.#responder.accept(payload);
    if (reply !== undefined) this.sendBytes(frame(reply));
    if (result === undefined) return;
    this.#transport = result.transport;
    this.#responder = undefined;
    this.handlers.opened(result, intro);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox = [];
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.handlers.closed();
  }
}
