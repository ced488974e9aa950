/** Frames: three bytes of length, then that many bytes; a WebSocket message may hold several or a piece of one. */

/** One frame. */
export function frame(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntBE(payload.length, 0, 3);
  return Buffer.concat([head, payload]);
}

/** Collects pieces of the byte stream and hands out whole frames in order. */
export class FrameReader {
  #buffer = Buffer.alloc(0);

  push(piece: Uint8Array): Buffer[] {
    this.#buffer = Buffer.concat([this.#buffer, piece]);
    const whole: Buffer[] = [];
    while (this.#buffer.length >= 3 && this.#buffer.length >= 3 + this.#buffer.readUIntBE(0, 3)) {
      const end = 3 + this.#buffer.readUIntBE(0, 3);
      whole.push(this.#buffer.subarray(3, end));
      this.#buffer = this.#buffer.subarray(end);
    }
    return whole;
  }
}
