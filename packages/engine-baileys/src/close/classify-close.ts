import type { EngineClose } from '@trunkline/core';
import type { BinaryNode } from 'baileys';

/**
 * Why a session ended, read from who said it and not from the number: a 401 from a proxy, from `<failure>` and from
 * the library itself mean three different things.
 */

/** `<failure reason="…"/>`: WhatsApp refused the login. */
export function closeOfFailure(node: BinaryNode): EngineClose {
  const code = Number(node.attrs.reason ?? node.attrs.code ?? 500);
  return { source: 'failure', code: Number.isFinite(code) ? code : 500, attrs: { ...node.attrs } };
}

/** `<stream:error>`: WhatsApp ended the stream. */
export function closeOfStreamError(node: BinaryNode): EngineClose {
  const child = Array.isArray(node.content) ? node.content[0] : undefined;
  const code = Number(node.attrs.code);
  return {
    source: 'stream-error',
    code: node.attrs.code !== undefined && Number.isFinite(code) ? code : null,
    conflict: child?.tag === 'conflict' ? conflictOf(child.attrs.type) : null,
    child: child?.tag ?? null,
  };
}

function conflictOf(type: string | undefined): 'replaced' | 'device_removed' | null {
  return type === 'replaced' || type === 'device_removed' ? type : null;
}

/** How far the socket was when an error came; the same reset means "unreachable" before and "dropped" after. */
export type SocketStage = 'connecting' | 'handshake' | 'transport';

/** The error with which the library ended by itself. */
export function closeOfLibraryEnd(error: Error | undefined, stage: SocketStage): EngineClose {
  const message = error?.message ?? 'the library closed the socket';
  const known = LIBRARY_ENDS.find(([pattern]) => pattern.test(message));
  if (known !== undefined) return known[1](message, stage);
  // Whatever breaks while the hello of the server is read, broke because of what the server sent.
  return stage === 'handshake' ? { source: 'bad-frame', message } : { source: 'engine-fault', message };
}

const ended = (message: string): EngineClose => ({ source: 'connection-ended', message });
const network = (message: string): EngineClose => ({ source: 'network', message });

const LIBRARY_ENDS: readonly [RegExp, (message: string, stage: SocketStage) => EngineClose][] = [
  [
    /^noise .*certificate|^invalid noise .* certificate|^certification match failed/,
    () => ({ source: 'untrusted-server' }),
  ],
  [/^WebSocket Error/, (message, stage) => (stage === 'transport' ? ended(message) : network(message))],
  [/^Connection Terminated/, (message, stage) => (stage === 'connecting' ? network(message) : ended(message))],
  [/^Connection Closed/, (message, stage) => (stage === 'connecting' ? network(message) : ended(message))],
  [/^Connection was lost/, () => ({ source: 'half-open' })],
  [/^Timed Out/, (message, stage) => (stage === 'transport' ? { source: 'half-open' } : network(message))],
  [/^QR refs attempts ended/, () => ({ source: 'pairing-ended' })],
  [/^Multi-device beta not joined/, () => ({ source: 'not-multidevice' })],
  [
    /authenticate data|Invalid buffer|index out of range|invalid wire type|illegal (tag|buffer)/,
    (message) => ({ source: 'bad-frame', message }),
  ],
];
