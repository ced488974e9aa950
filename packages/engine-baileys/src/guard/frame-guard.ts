import type { EventEmitter } from 'node:events';
import { asError, takeOver } from '../socket/sole-listener.js';

/** The longest frame the protocol can name is 16 MiB; nothing WhatsApp sends comes near this. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/**
 * Stands between the WebSocket and the library's decoder. A frame that cannot be decoded otherwise rejects into the
 * void and ends the whole process, with every phone in it; and a length prefix that lies makes the library collect
 * bytes for a frame that never ends.
 */
export function guardFrames(client: EventEmitter, onBadFrame: (error: Error) => void): void {
  const lengths = new FrameLengths();
  takeOver(client, 'message', (decode) => async (data, isBinary) => {
    try {
      if (isBinary === false) throw new Error('a text frame');
      if (data instanceof Uint8Array) lengths.accept(data);
      await decode(data);
    } catch (error) {
      onBadFrame(asError(error));
    }
  });
}

/** Follows the 3-byte length prefixes of the stream and refuses a frame longer than the bound. */
export class FrameLengths {
  #missing = 0;
  readonly #prefix: number[] = [];

  accept(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, data.length - at);
        this.#missing -= taken;
        at += taken;
        continue;
      }
      this.#prefix.push(data[at] ?? 0);
      at += 1;
      const [high = 0, middle = 0, low = 0] = this.#prefix;
      if (this.#prefix.length < 3) continue;
      this.#prefix.length = 0;
      this.#missing = (high << 16) | (middle << 8) | low;
      if (this.#missing > MAX_FRAME_BYTES) throw new Error(`a frame of ${this.#missing} bytes`);
    }
  }
}
