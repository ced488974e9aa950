/** What a fault does to a connection. */
import { type BadFrameVariant, sendBadFrame } from '../wire/bad-frame.js';
import { SERVER_JID } from '../wire/jid.js';
import { el } from '../wire/node.js';
import type { Connection } from './connection.js';

export type FaultAction =
  | { kind: 'drop'; variant: DropVariant; code: number }
  | { kind: 'stream_error'; code?: string; conflict?: string; child?: string }
  | { kind: 'replaced' }
  | { kind: 'bad_frame'; variant: BadFrameVariant }
  | { kind: 'downgrade_webclient' }
  | { kind: 'freeze' }
  | { kind: 'delay'; ms: number }
  | { kind: 'failure'; reason: string; attrs: Record<string, string> }
  | { kind: 'refuse_upgrade'; status: number }
  /** The handset cannot read the next message that reaches it, and asks for it again. */
  | { kind: 'retry_receipt' };

export type FaultKind = FaultAction['kind'];

export const DROP_VARIANTS = ['terminate', 'reset', 'close', 'xmlstreamend'] as const;
export type DropVariant = (typeof DROP_VARIANTS)[number];

const INSTANT: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'drop',
  'stream_error',
  'replaced',
  'bad_frame',
  'downgrade_webclient',
]);

/** True for a fault that is over as soon as it has struck. */
export function isInstant(action: FaultAction): boolean {
  return INSTANT.has(action.kind);
}

/** Does to a connection what the fault says; false when this fault does not act on connections. */
export function strike(connection: Connection, action: FaultAction): boolean {
  switch (action.kind) {
    case 'drop':
      drop(connection, action.variant, action.code);
      return true;
    case 'stream_error':
      connection.end(streamError(action.code, action.conflict, action.child));
      return true;
    case 'replaced':
      connection.end(streamError(undefined, 'replaced'));
      return true;
    case 'bad_frame':
      sendBadFrame(connection.link, action.variant);
      return true;
    case 'downgrade_webclient':
      connection.send(el('ib', { from: SERVER_JID }, [el('downgrade_webclient')]));
      return true;
    case 'freeze':
      connection.link.setFrozen(true);
      return true;
    case 'delay':
      connection.link.setDelay(action.ms);
      return true;
    case 'failure':
    case 'refuse_upgrade':
    case 'retry_receipt':
      return false;
  }
}

function drop(connection: Connection, variant: DropVariant, code: number): void {
  switch (variant) {
    case 'terminate':
      connection.link.terminate();
      return;
    case 'reset':
      connection.link.reset();
      return;
    case 'close':
      connection.link.close(code);
      return;
    case 'xmlstreamend':
      connection.end(el('xmlstreamend'));
      return;
  }
}

function streamError(code?: string, conflict?: string, child?: string) {
  const content = [
    ...(conflict === undefined ? [] : [el('conflict', { type: conflict })]),
    ...(child === undefined ? [] : [el(child)]),
  ];
  return el('stream:error', { code }, content.length === 0 ? undefined : content);
}
