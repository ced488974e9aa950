/** Malformed frames, each broken in one way, to see whether a client survives them. */
import { randomBytes } from 'node:crypto';
import { encodeNode } from './encode-node.js';
import { frame } from './frame-reader.js';
import { SERVER_JID } from './jid.js';
import type { Link } from './link.js';
import { el } from './node.js';

const ENDLESS_CHUNK = Buffer.alloc(64 * 1024, 0x5a);
const ENDLESS_CHUNKS = 64;
const ENDLESS_PAUSE_MS = 20;
const NO_COMPRESSION = 0;
const COMPRESSED = 2;
const LIST_8 = 248;
/** A byte that begins neither a string nor a list. */
const NO_SUCH_TOKEN = 240;

const sample = () => encodeNode(el('ib', { from: SERVER_JID }, [el('offline', { count: 0 })]));

const senders = {
  /** A frame of the right length that no key opens. */
  bad_gcm: (link) => link.write(() => link.sendBytes(frame(randomBytes(64)))),
  /** Opens, but is not a node: a list of things that are none. */
  bad_node: (link) => link.sendSealed(Buffer.from([NO_COMPRESSION, LIST_8, 2, 3, LIST_8, 1])),
  /** Says it is compressed and is not. */
  bad_zlib: (link) => link.sendSealed(Buffer.concat([Buffer.from([COMPRESSED]), randomBytes(32)])),
  zero_length: (link) => link.write(() => link.sendBytes(Buffer.from([0, 0, 0]))),
  /** Promises more than it holds, so that the next frames are swallowed as its rest. */
  lying_length: (link) => link.write(() => link.sendBytes(Buffer.concat([Buffer.from([0, 4, 0]), randomBytes(16)]))),
  /** Promises the longest frame there is and sends nothing of it. */
  huge_length: (link) => link.write(() => link.sendBytes(Buffer.from([0xff, 0xff, 0xff]))),
  /** Promises the longest frame and keeps sending some of it. */
  endless: (link) => sendEndlessly(link),
  random: (link) => link.write(() => link.sendBytes(randomBytes(512))),
  /** A good node without its end. */
  truncated_node: (link) => link.sendSealed(sample().subarray(0, -2)),
  /** A WebSocket text message, which the protocol never has. */
  text_frame: (link) => link.write(() => link.sendText('hello')),
  /** A node whose tag is no token. */
  bad_tag: (link) => link.sendSealed(Buffer.from([NO_COMPRESSION, LIST_8, 1, NO_SUCH_TOKEN])),
  /** Opens to nothing at all. */
  empty_node: (link) => link.sendSealed(Buffer.alloc(0)),
} satisfies Record<string, (link: Link) => void>;

export type BadFrameVariant = keyof typeof senders;

export const BAD_FRAME_VARIANTS = Object.keys(senders);

export function isBadFrameVariant(value: unknown): value is BadFrameVariant {
  return typeof value === 'string' && Object.hasOwn(senders, value);
}

/** Sends one malformed frame. What follows it on the link may be unreadable to the client, as in real life. */
export function sendBadFrame(link: Link, variant: BadFrameVariant): void {
  senders[variant](link);
}

function sendEndlessly(link: Link): void {
  link.write(() => link.sendBytes(Buffer.from([0xff, 0xff, 0xff])));
  let left = ENDLESS_CHUNKS;
  const timer = setInterval(() => {
    if (link.isClosed || left-- === 0) clearInterval(timer);
    else link.write(() => link.sendBytes(ENDLESS_CHUNK));
  }, ENDLESS_PAUSE_MS);
  timer.unref();
}
