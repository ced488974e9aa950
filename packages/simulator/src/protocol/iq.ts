/** The shape of a request handler, and the answer to a request. */
import { SERVER_JID } from '../wire/jid.js';
import { child, el, type Node } from '../wire/node.js';
import type { Companion } from './companion.js';

/** A refusal a client sees as `<error code text/>`. */
export class IqError extends Error {
  constructor(
    readonly code: number,
    readonly text: string,
  ) {
    super(`${code} ${text}`);
  }
}

export const notFound = (): IqError => new IqError(404, 'item-not-found');
export const badRequest = (): IqError => new IqError(400, 'bad-request');
export const forbidden = (): IqError => new IqError(403, 'forbidden');

/** One request: the whole stanza, its first child, and who asks. */
export interface IqRequest {
  iq: Node;
  body: Node;
  asker: Companion;
}

/** Answers with the children of the result; throws {@link IqError} to refuse. */
export type IqHandler = (request: IqRequest) => Node[];

/** Handlers by `type xmlns child`; a `*` as child answers whatever the namespace holds. */
export type IqTable = Record<string, IqHandler>;

/** The names a request is looked up by, most specific first. */
export function iqNames(iq: Node): string[] {
  const { type, xmlns } = iq.attrs;
  return [`${type} ${xmlns} ${child(iq)?.tag ?? ''}`, `${type} ${xmlns} *`];
}

/** The answer to a request. */
export function iqResult(iq: Node, content: Node[] = []): Node {
  const from = iq.attrs.to ?? SERVER_JID;
  return el('iq', { type: 'result', id: iq.attrs.id, from }, content.length === 0 ? undefined : content);
}

/** The refusal of a request. */
export function iqFailure(iq: Node, error: IqError): Node {
  const from = iq.attrs.to ?? SERVER_JID;
  const reason = el('error', { code: error.code, text: error.text });
  return el('iq', { type: 'error', id: iq.attrs.id, from }, [reason]);
}
