/** Cuts the client's byte stream into its intro and its frames. A WebSocket message may hold several or a part of one. */

const PROLOGUE = Buffer.from('WA');
const ROUTING = Buffer.from('ED');
const PROLOGUE_BYTES = 4;
const ROUTING_HEADER_BYTES = 7;

export interface Intro {
  prologue: Buffer;
  routingInfo?: Buffer;
}

/** Prefixes a payload with its three-byte length. */
export function frame(payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(3 + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out.set(payload, 3);
  return out;
}

/** Collects bytes and yields whole frames; throws when the stream does not begin like one of ours. */
export class FrameReader {
  #intro: Intro | undefined;
  #chunks: Buffer[] = [];
  #length = 0;

  /** What came before the first frame; undefined until it is complete. */
  get intro(): Intro | undefined {
    return this.#intro;
  }

  /** Takes bytes, returns the frames they completed. */
  push(data: Buffer): Buffer[] {
    this.#chunks.push(data);
    this.#length += data.length;
    if (this.#intro === undefined && !this.#readIntro()) return [];
    const frames: Buffer[] = [];
    for (let next = this.#nextFrame(); next !== undefined; next = this.#nextFrame()) frames.push(next);
    return frames;
  }

  #readIntro(): boolean {
    const buffer = this.#peek(this.#length);
    if (buffer.length < 2) return false;
    let routingInfo: Buffer | undefined;
    let offset = 0;
    if (buffer.subarray(0, 2).equals(ROUTING)) {
      if (buffer.length < ROUTING_HEADER_BYTES) return false;
      offset = ROUTING_HEADER_BYTES + buffer.readUIntBE(4, 3);
      if (buffer.length < offset) return false;
      routingInfo = Buffer.from(buffer.subarray(ROUTING_HEADER_BYTES, offset));
    }
    if (buffer.length < offset + PROLOGUE_BYTES) return false;
    const prologue = Buffer.from(buffer.subarray(offset, offset + PROLOGUE_BYTES));
    if (!prologue.subarray(0, 2).equals(PROLOGUE)) throw new Error('the stream does not begin with the protocol intro');
    this.#take(offset + PROLOGUE_BYTES);
    this.#intro = routingInfo === undefined ? { prologue } : { prologue, routingInfo };
    return true;
  }

  #nextFrame(): Buffer | undefined {
    if (this.#length < 3) return undefined;
    const size = this.#peek(3).readUIntBE(0, 3);
    if (this.#length < 3 + size) return undefined;
    return this.#take(3 + size).subarray(3);
  }

  /** Joins chunks only as far as needed, so that a large frame in many messages is copied once. */
  #peek(size: number): Buffer {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= size) return first.subarray(0, size);
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = joined.length === 0 ? [] : [joined];
    return joined.subarray(0, size);
  }

  #take(size: number): Buffer {
    const taken = this.#peek(size);
    const first = this.#chunks[0];
    if (first !== undefined && first.length > size) this.#chunks[0] = first.subarray(size);
    else this.#chunks.shift();
    this.#length -= size;
    return taken;
  }
}
