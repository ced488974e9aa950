import { decodeBinaryNode as baileysDecode, encodeBinaryNode as baileysEncode } from 'baileys';
import { describe, expect, it } from 'vitest';
import { decodeNode as rustDecode, encodeNode as rustEncode } from 'whatsapp-rust-bridge';
import { decodeBinaryNodeStanza as zapoDecode, encodeBinaryNodeStanza as zapoEncode } from 'zapo-js/transport';
import { decodeNode as sandboxDecode } from '../../../packages/simulator/src/wire/decode-node.js';
import { encodeNode as sandboxEncode } from '../../../packages/simulator/src/wire/encode-node.js';
import { nodeVectors, type VectorNode } from './node-vectors.js';

interface AnyNode {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: unknown;
}

/** One spelling for every library: content as hex or as a list, attributes as a plain record. */
function plain(node: AnyNode): unknown {
  const { tag, content } = node;
  const attrs = { ...node.attrs };
  if (content === undefined || (Array.isArray(content) && content.length === 0)) return { tag, attrs };
  if (Array.isArray(content)) return { tag, attrs, content: content.map((child: AnyNode) => plain(child)) };
  if (typeof content === 'string') return { tag, attrs, content: Buffer.from(content).toString('hex') };
  if (content instanceof Uint8Array) return { tag, attrs, content: Buffer.from(content).toString('hex') };
  throw new Error(`node ${tag} has content of no known kind`);
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const writable = nodeVectors.filter((vector) => vector.readOnly !== true);
const clone = (node: VectorNode): VectorNode => structuredClone(node);

describe('node codec: known nodes are known bytes', () => {
  it.each(writable)('baileys writes $name', ({ node, hex }) => {
    expect(hexOf(baileysEncode(clone(node)))).toBe(hex);
  });

  it.each(writable)('the sandbox writes $name', ({ node, hex }) => {
    expect(hexOf(sandboxEncode(clone(node)))).toBe(hex);
  });

  it.each(writable)('the Rust codec writes $name', ({ node, hex }) => {
    expect(hexOf(rustEncode(clone(node)))).toBe(hex);
  });

  it.each(writable)('zapo reads its own bytes of $name as the others do', async ({ node }) => {
    // zapo spells jids as text, so its bytes differ; what they mean must not.
    const bytes = zapoEncode(clone(node));
    expect(plain(await baileysDecode(Buffer.from(bytes)))).toEqual(plain(node));
  });

  it.each(nodeVectors)('every codec reads $name', async ({ node, hex }) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(plain(await baileysDecode(bytes))).toEqual(plain(node));
    expect(plain(await zapoDecode(bytes))).toEqual(plain(node));
    expect(plain(sandboxDecode(bytes))).toEqual(plain(node));
    if (hex.startsWith('00')) expect(plain(rustDecode(bytes))).toEqual(plain(node));
  });
});
