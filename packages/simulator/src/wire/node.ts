/** A protocol node, and how to build one and read one. */

export interface Node {
  tag: string;
  attrs: Record<string, string>;
  content?: Node[] | string | Uint8Array;
}

/** Builds a node; attributes without a value are left out, as the wire has no word for them. */
export function el(
  tag: string,
  attrs: Record<string, string | number | undefined> = {},
  content?: Node[] | string | Uint8Array,
): Node {
  const kept: Record<string, string> = {};
  for (const key in attrs) {
    const value = attrs[key];
    if (value !== undefined) kept[key] = String(value);
  }
  return content === undefined ? { tag, attrs: kept } : { tag, attrs: kept, content };
}

/** The child nodes, all or those of one tag. */
export function children(node: Node | undefined, tag?: string): Node[] {
  if (node === undefined || !Array.isArray(node.content)) return [];
  return tag === undefined ? node.content : node.content.filter((item) => item.tag === tag);
}

/** The first child, or the first of one tag. */
export function child(node: Node | undefined, tag?: string): Node | undefined {
  if (node === undefined || !Array.isArray(node.content)) return undefined;
  return tag === undefined ? node.content[0] : node.content.find((item) => item.tag === tag);
}

/** The content as bytes; text arrives as bytes or text depending on how the encoder packed it. */
export function bytes(node: Node | undefined): Buffer | undefined {
  const content = node?.content;
  if (content === undefined || Array.isArray(content)) return undefined;
  if (typeof content === 'string') return Buffer.from(content, 'utf8');
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

/** The content as text. */
export function text(node: Node | undefined): string | undefined {
  return bytes(node)?.toString('utf8');
}

/** The bytes of a named child. */
export function childBytes(node: Node | undefined, tag: string): Buffer | undefined {
  return bytes(child(node, tag));
}

/** A big-endian unsigned integer as protocol keys carry it. */
export function uint(value: number, size: number): Buffer {
  const out = Buffer.alloc(size);
  out.writeUIntBE(value, 0, size);
  return out;
}

/** Reads what {@link uint} writes; undefined when there is nothing to read. */
export function readUint(data: Buffer | undefined): number | undefined {
  return data === undefined || data.length === 0 || data.length > 6 ? undefined : data.readUIntBE(0, data.length);
}

const SAMPLE_BYTES = 64;

/** A short readable form for logs and statistics; bytes are shown by length only, they may hold keys. */
export function describe(node: Node, depth = 0): string {
  const attrs = Object.entries(node.attrs)
    .map(([key, value]) => ` ${key}="${value.length > SAMPLE_BYTES ? `${value.slice(0, SAMPLE_BYTES)}…` : value}"`)
    .join('');
  if (node.content === undefined) return `<${node.tag}${attrs}/>`;
  if (!Array.isArray(node.content)) return `<${node.tag}${attrs}>${node.content.length} bytes</${node.tag}>`;
  const inner =
    depth > 4
      ? '…'
      : node.content
          .slice(0, 8)
          .map((item) => describe(item, depth + 1))
          .join('');
  return `<${node.tag}${attrs}>${inner}</${node.tag}>`;
}
