/** The part of the library's socket that puts frames on the wire. */
export interface FrameWriter {
  send(data: string | Uint8Array, done?: (error?: Error) => void): boolean;
}

/**
 * Asks right before every frame whether we may still run the phone. A process that was suspended wakes up in the middle
 * of a send, perhaps long after another node took the phone: not one byte of it may reach WhatsApp.
 */
export function guardWrites(ws: FrameWriter, mayWrite: () => boolean, onRefused: () => void): void {
  const send = ws.send.bind(ws);
  ws.send = (data, done) => {
    if (mayWrite()) return send(data, done);
    onRefused();
    done?.(new Error('our right to run this phone has ended'));
    return false;
  };
}
