import type { Log } from '@trunkline/core';
import { type BinaryNode, getBinaryNodeChild, jidNormalizedUser, S_WHATSAPP_NET } from 'baileys';
import { isLoopback } from '../engine-options.js';

const QUERY_MS = 15_000;
const FETCH_MS = 15_000;
const MAX_BYTES = 5 * 1024 * 1024;
/** Pictures fetched at the same time by all phones of a process: they are the least urgent thing it does. */
const FETCHES = 2;
const REMEMBERED_PHONES = 10_000;

type Query = (node: BinaryNode, timeoutMs: number) => Promise<BinaryNode | undefined>;

export interface PictureRequest {
  readonly phoneId: string;
  readonly jid: string;
  readonly query: Query;
  /** Ask again although nothing seems to have changed. */
  readonly isForced: boolean;
}

/**
 * Fetches the profile pictures of our own accounts. Which picture a phone has is remembered for the life of the
 * process, so that a reconnect asks for nothing: a change in between arrives as a notification.
 */
export class OwnPictures {
  readonly #log: Log;
  readonly #isSandbox: boolean;
  readonly #known = new Map<string, string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(input: { readonly log: Log; readonly isSandbox: boolean }) {
    this.#log = input.log;
    this.#isSandbox = input.isSandbox;
  }

  /** The picture as JPEG, null when the account has none, undefined when unchanged or not to be learned now. */
  async read(request: PictureRequest): Promise<Uint8Array | null | undefined> {
    if (!request.isForced && this.#known.has(request.phoneId)) return undefined;
    return this.#inTurn(() => this.#readNow(request)).catch((error: unknown) => {
      this.#log.debug('profile picture not read', { error: error instanceof Error ? error.name : 'unknown' });
      return undefined;
    });
  }

  async #readNow({ phoneId, jid, query }: PictureRequest): Promise<Uint8Array | null | undefined> {
    const picture = await askForPicture(jid, query);
    const id = picture?.id ?? '';
    if (this.#known.get(phoneId) === id) return undefined;
    const image = picture === null ? null : await fetchJpeg(picture.url, this.#isSandbox);
    this.#remember(phoneId, id);
    return image;
  }

  #remember(phoneId: string, id: string): void {
    this.#known.delete(phoneId);
    this.#known.set(phoneId, id);
    if (this.#known.size <= REMEMBERED_PHONES) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= FETCHES) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

async function askForPicture(jid: string, query: Query): Promise<{ id: string; url: URL } | null> {
  const target = jidNormalizedUser(jid);
  const node: BinaryNode = {
    tag: 'iq',
    attrs: { target, to: S_WHATSAPP_NET, type: 'get', xmlns: 'w:profile:picture' },
    content: [{ tag: 'picture', attrs: { type: 'image', query: 'url' } }],
  };
  const answer = await query(node, QUERY_MS).catch((error: unknown) => {
    if (isNotFound(error)) return null;
    throw error;
  });
  if (answer === undefined) throw new Error('WhatsApp did not answer');
  const picture = getBinaryNodeChild(answer ?? undefined, 'picture');
  const url = picture?.attrs.url;
  return url === undefined ? null : { id: picture?.attrs.id ?? url, url: new URL(url) };
}

function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'data') === 404;
}

/** Reads from the address that WhatsApp gave, and from no other kind of address. */
async function fetchJpeg(url: URL, isSandbox: boolean): Promise<Uint8Array> {
  const isOurs = isSandbox ? isLoopback(url.hostname) : url.hostname.endsWith('.whatsapp.net');
  if (url.protocol !== 'https:' || !isOurs) throw new Error('the picture is at an address of somebody else');
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_MS) });
  if (!response.ok || response.body === null) throw new Error(`the picture answered ${response.status}`);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.length;
    if (size > MAX_BYTES) throw new Error('the picture is too large');
    parts.push(part);
  }
  const image = Buffer.concat(parts);
  if (image[0] !== 0xff || image[1] !== 0xd8) throw new Error('the picture is not a JPEG');
  return image;
}
