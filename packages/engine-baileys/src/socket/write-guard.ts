import type { EventEmitter } from 'node:events';
import { rawSocketOf } from './raw-socket.js';

export interface WriteGuardInput {
  /** Asked right before every frame, and again right before it reaches the kernel. */
  readonly mayWrite: () => boolean;
  readonly onRefused: () => void;
}

/**
 * The last gate before the wire. A process that was suspended wakes up in the middle of a send, perhaps long after
 * another node took the phone: not one byte of it may reach WhatsApp. The gate sits on the WebSocket itself, because
 * the library keeps its own reference to the `send` of the client around it.
 *
 * Frames of one turn of the event loop leave in one write. After a login the library sends half a dozen small frames
 * at once, and acknowledges a backlog stanza by stanza; a write to the kernel each costs more than the frame.
 */
export function guardWrites(client: EventEmitter, { mayWrite, onRefused }: WriteGuardInput): void {
  const socket = rawSocketOf(client);
  const send: unknown = socket === null ? null : Reflect.get(socket, 'send');
  if (socket === null || typeof send !== 'function') throw new Error('the library no longer sends on its WebSocket');
  let isCorked = false;
  const release = (stream: Corkable): void => {
    isCorked = false;
    if (mayWrite()) {
      stream.uncork();
    } else {
      // What is corked would leave with the goodbye of a polite close.
      socket.terminate();
      onRefused();
    }
  };
  Reflect.set(socket, 'send', (...args: unknown[]) => {
    if (!mayWrite()) {
      onRefused();
      callbackIn(args)?.(new Error('our right to run this phone has ended'));
      return;
    }
    const stream: unknown = Reflect.get(socket, '_socket');
    if (!isCorked && isCorkable(stream)) {
      isCorked = true;
      stream.cork();
      setImmediate(() => release(stream));
    }
    Reflect.apply(send, socket, args);
  });
}

interface Corkable {
  cork(): void;
  uncork(): void;
}

function isCorkable(stream: unknown): stream is Corkable {
  if (typeof stream !== 'object' || stream === null) return false;
  return ['cork', 'uncork'].every((name) => typeof Reflect.get(stream, name) === 'function');
}

function callbackIn(args: readonly unknown[]): ((error: Error) => void) | undefined {
  return args.find((arg): arg is (error: Error) => void => typeof arg === 'function');
}
