/** Nodes to bytes, into one buffer that grows when it must. */
import type { Node } from './node.js';
import { deviceServers, MARK, PACKED_MAX, tokenBytes } from './tokens.js';

const NOT_COMPRESSED = 0;
const INITIAL_BYTES = 64 * 1024;
const KEPT_BYTES = 1024 * 1024;
const MAX_20_BITS = 1 << 20;

/** Only what reads back the same is written as an address; other text with an @ in it stays text. */
const JID = /^([\w.-]*?)(?::(\d{1,3}))?@([a-z][a-z.-]*)$/;
const domainOf = new Map([...deviceServers].map(([domain, server]) => [server, domain]));

/** What four bits stand for a character, by its code; -1 where none do. */
function fourBits(alphabet: string): Int8Array {
  const table = new Int8Array(128).fill(-1);
  for (let value = 0; value < alphabet.length; value++) table[alphabet.charCodeAt(value)] = value;
  return table;
}

const NIBBLES = fourBits('0123456789-.');
const HEX = fourBits('0123456789ABCDEF');
const FILLER = 15;

let scratch = Buffer.allocUnsafe(INITIAL_BYTES);
let at = 0;

function reserve(size: number): void {
  if (at + size <= scratch.length) return;
  const grown = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + size));
  scratch.copy(grown, 0, 0, at);
  scratch = grown;
}

function byte(value: number): void {
  reserve(1);
  scratch[at++] = value;
}

function byteLength(length: number): void {
  reserve(5);
  if (length < 256) {
    scratch[at++] = MARK.bytes8;
    scratch[at++] = length;
  } else if (length < MAX_20_BITS) {
    scratch[at++] = MARK.bytes20;
    at = scratch.writeUIntBE(length, at, 3);
  } else {
    scratch[at++] = MARK.bytes32;
    at = scratch.writeUInt32BE(length, at);
  }
}

function raw(text: string): void {
  const length = Buffer.byteLength(text);
  byteLength(length);
  reserve(length);
  at += scratch.write(text, at);
}

function listStart(size: number): void {
  reserve(3);
  if (size === 0) scratch[at++] = MARK.listEmpty;
  else if (size < 256) {
    scratch[at++] = MARK.list8;
    scratch[at++] = size;
  } else {
    scratch[at++] = MARK.list16;
    at = scratch.writeUInt16BE(size, at);
  }
}

function isMadeOf(text: string, alphabet: Int8Array): boolean {
  if (text.length === 0 || text.length > PACKED_MAX) return false;
  for (let i = 0; i < text.length; i++) if ((alphabet[text.charCodeAt(i)] ?? -1) < 0) return false;
  return true;
}

/** Two characters to a byte; an odd last one is filled up and the length says so. */
function packed(mark: number, text: string, alphabet: Int8Array): void {
  const size = Math.ceil(text.length / 2);
  reserve(size + 2);
  scratch[at++] = mark;
  scratch[at++] = text.length % 2 === 0 ? size : size | 128;
  for (let i = 0; i < text.length; i += 2) {
    const high = alphabet[text.charCodeAt(i)] ?? FILLER;
    const low = i + 1 < text.length ? (alphabet[text.charCodeAt(i + 1)] ?? FILLER) : FILLER;
    scratch[at++] = (high << 4) | low;
  }
}

function word(text: string): void {
  const token = tokenBytes.get(text);
  if (token !== undefined) {
    byte(token[0]);
    if (token[1] !== undefined) byte(token[1]);
  } else if (isMadeOf(text, NIBBLES)) packed(MARK.nibble, text, NIBBLES);
  else if (isMadeOf(text, HEX)) packed(MARK.hex, text, HEX);
  else if (!text.includes('@') || !jid(text)) raw(text);
}

/** Writes an address; false when the text is none. */
function jid(text: string): boolean {
  const [, user, device, server] = JID.exec(text) ?? [];
  if (user === undefined || server === undefined) return false;
  if (device === undefined) {
    byte(MARK.jidPair);
    if (user === '') byte(MARK.listEmpty);
    else word(user);
    word(server);
    return true;
  }
  const domain = domainOf.get(server);
  const index = Number(device);
  if (domain === undefined || index === 0 || index > 255) return false;
  byte(MARK.deviceJid);
  byte(domain);
  byte(index);
  word(user);
  return true;
}

function write({ tag, attrs, content }: Node): void {
  const names = Object.keys(attrs);
  listStart(1 + 2 * names.length + (content === undefined ? 0 : 1));
  word(tag);
  for (const name of names) {
    word(name);
    word(attrs[name] ?? '');
  }
  if (content === undefined) return;
  if (typeof content === 'string') word(content);
  else if (Array.isArray(content)) {
    listStart(content.length);
    for (const item of content) write(item);
  } else {
    byteLength(content.length);
    reserve(content.length);
    scratch.set(content, at);
    at += content.length;
  }
}

/** Encodes a node, leading flag byte included, never compressed. */
export function encodeNode(node: Node): Buffer {
  at = 0;
  byte(NOT_COMPRESSED);
  write(node);
  const encoded = Buffer.from(scratch.subarray(0, at));
  // One enormous node must not keep its memory for ever.
  if (scratch.length > KEPT_BYTES) scratch = Buffer.allocUnsafe(INITIAL_BYTES);
  return encoded;
}
