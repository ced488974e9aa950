import type { EventEmitter } from 'node:events';

/** A receiver that is this far behind is dropped: it may come back, and nobody else waits for it. */
export const MOST_WAITING_PACKETS = 1_000;
export const MOST_WAITING_BYTES = 8_000_000;

/** Watches what waits to be sent on a connection and calls back once when it is too much. */
export function watchBacklog(connection: EventEmitter, onTooMuch: () => void): void {
  let packets = 0;
  let bytes = 0;
  let isOver = false;
  connection.on('packetCreate', (packet: { data?: unknown }) => {
    packets += 1;
    bytes += typeof packet.data === 'string' ? packet.data.length : 0;
    if (isOver || (packets <= MOST_WAITING_PACKETS && bytes <= MOST_WAITING_BYTES)) return;
    isOver = true;
    // Not in the middle of a broadcast over all sockets.
    setImmediate(onTooMuch);
  });
  connection.on('flush', () => {
    packets = 0;
    bytes = 0;
  });
}
