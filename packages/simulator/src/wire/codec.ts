/** Nodes to bytes and back. The tables and rules are the client library's; golden vectors beside this file pin them. */
import { inflateSync } from 'node:zlib';
import * as constants from 'baileys/lib/WABinary/constants.js';
import { decodeDecompressedBinaryNode } from 'baileys/lib/WABinary/decode.js';
import { encodeBinaryNode } from 'baileys/lib/WABinary/encode.js';
import type { Node } from './node.js';

const COMPRESSED = 2;
const MAX_INFLATED_BYTES = 32 * 1024 * 1024;

/** Encodes a node, leading flag byte included, never compressed. */
export function encodeNode(node: Node): Buffer {
  return encodeBinaryNode(node);
}

/** Decodes one node; throws on anything that is not one. */
export function decodeNode(data: Buffer): Node {
  if (data.length < 2) throw new Error('a node has at least two bytes');
  const flags = data.readUInt8(0);
  const body = data.subarray(1);
  const plain = flags & COMPRESSED ? inflateSync(body, { maxOutputLength: MAX_INFLATED_BYTES }) : body;
  return decodeDecompressedBinaryNode(plain, constants);
}
