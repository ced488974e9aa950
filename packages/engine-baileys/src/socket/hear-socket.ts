import type { EngineClose } from '@trunkline/core';
import type { BinaryNode, WASocket } from 'baileys';
import { closeOfFailure, closeOfLibraryEnd, closeOfStreamError, type SocketStage } from '../close/classify-close.js';
import type { EngineSettings } from '../engine-options.js';
import { guardFrames } from '../guard/frame-guard.js';
import { closeQuickly } from './raw-socket.js';

/** How long a socket may take to say goodbye before it is cut. */
export const GOODBYE_MS = 500;

export interface SocketEars {
  readonly settings: EngineSettings;
  /** A frame was decoded. */
  readonly onFrame: () => void;
  readonly onEnd: (close: EngineClose) => void;
  /** The library has finished closing. */
  readonly onLibraryClosed: () => void;
}

/** Hears why a socket ends from the one who says it, before the library turns it into a number. */
export function hearSocket({ ws, ev }: WASocket, ears: SocketEars): void {
  const { settings, onFrame, onEnd } = ears;
  let stage: SocketStage = 'connecting';
  closeQuickly(ws, GOODBYE_MS, (ms, run) => settings.clock.after(ms, run));
  guardFrames(ws, (error) => onEnd({ source: 'bad-frame', message: error.message }));
  ws.prependListener('open', () => {
    stage = 'handshake';
  });
  ws.prependListener('frame', (frame: unknown) => {
    if (!(frame instanceof Uint8Array)) stage = 'transport';
    onFrame();
  });
  ws.prependListener('CB:failure', (node: BinaryNode) => onEnd(closeOfFailure(node)));
  ws.prependListener('CB:stream:error', (node: BinaryNode) => onEnd(closeOfStreamError(node)));
  ws.prependListener('CB:ib,,downgrade_webclient', () => onEnd({ source: 'not-multidevice' }));
  // Nobody else reads the answer of a refused upgrade; without this the socket would connect for ever.
  ws.prependListener('unexpected-response', (_request: unknown, response: { statusCode?: number }) =>
    onEnd({ source: 'upgrade-refused', status: response.statusCode ?? 0 }),
  );
  ev.on('connection.update', ({ connection, lastDisconnect }) => {
    if (connection !== 'close') return;
    ears.onLibraryClosed();
    onEnd(closeOfLibraryEnd(lastDisconnect?.error, stage));
  });
}
