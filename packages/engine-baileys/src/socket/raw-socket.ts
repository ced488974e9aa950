import type { EventEmitter } from 'node:events';

/** What we need of the WebSocket under the library's client. */
export interface RawSocket {
  readonly readyState: number;
  close(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  once(event: 'close', listener: () => void): unknown;
}

const CLOSED = 3;

/** The WebSocket that the library's client wraps; null before it connects and after it closed. */
export function rawSocketOf(client: EventEmitter): RawSocket | null {
  const socket: unknown = Reflect.get(client, 'socket');
  if (socket === null || socket === undefined) return null;
  if (!isRawSocket(socket)) throw new Error('the library no longer keeps its WebSocket where it did');
  return socket;
}

function isRawSocket(socket: unknown): socket is RawSocket {
  if (typeof socket !== 'object' || socket === null) return false;
  return ['close', 'terminate', 'pause', 'resume'].every((name) => typeof Reflect.get(socket, name) === 'function');
}

/**
 * Makes the client's `close` end quickly. The library waits up to 30 s for the other side to say goodbye, and tells
 * us only afterwards that the connection is gone.
 */
export function closeQuickly(
  client: EventEmitter,
  graceMs: number,
  after: (ms: number, run: () => void) => () => void,
): void {
  Reflect.set(client, 'close', async () => {
    const socket = rawSocketOf(client);
    if (socket === null) return;
    await new Promise<void>((resolve) => {
      if (socket.readyState === CLOSED) return resolve();
      const cancel = after(graceMs, () => socket.terminate());
      socket.once('close', () => {
        cancel();
        resolve();
      });
      socket.close();
    });
    Reflect.set(client, 'socket', null);
  });
}
