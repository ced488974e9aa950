/** Bytes to nodes. */
import { inflateSync } from 'node:zlib';
import type { Node } from './node.js';
import { deviceServers, doubleTokens, MARK, singleTokens } from './tokens.js';

const COMPRESSED = 2;
const MAX_INFLATED_BYTES = 32 * 1024 * 1024;
/** Deeper than any stanza; a deeper one is an attack on the stack. */
const MAX_DEPTH = 64;
const NIBBLES = '0123456789-.';
const HEX = '0123456789ABCDEF';

class Reader {
  #at = 0;

  constructor(private readonly data: Buffer) {}

  node(depth = 0): Node {
    if (depth > MAX_DEPTH) throw new Error('the node is nested too deeply');
    const size = this.#listSize(this.#byte());
    if (size === undefined || size === 0) throw new Error('a node begins with a list');
    const tag = this.#word(this.#byte());
    if (tag === '') throw new Error('a node has a tag');
    const attrs: Record<string, string> = {};
    for (let left = (size - 1) >> 1; left > 0; left--) {
      const name = this.#word(this.#byte());
      attrs[name] = this.#word(this.#byte());
    }
    return size % 2 === 0 ? { tag, attrs, content: this.#content(depth) } : { tag, attrs };
  }

  #content(depth: number): Node[] | string | Uint8Array {
    const mark = this.#byte();
    const size = this.#listSize(mark);
    if (size !== undefined) {
      const items: Node[] = [];
      for (let left = size; left > 0; left--) items.push(this.node(depth + 1));
      return items;
    }
    const length = this.#bytesLength(mark);
    return length === undefined ? this.#word(mark) : this.#bytes(length);
  }

  #word(mark: number): string {
    if (mark > 0 && mark < singleTokens.length) return singleTokens[mark] ?? '';
    if (mark >= MARK.dictionary && mark < MARK.dictionary + doubleTokens.length) {
      const found = doubleTokens[mark - MARK.dictionary]?.[this.#byte()];
      if (found === undefined) throw new Error('the dictionary has no such word');
      return found;
    }
    const length = this.#bytesLength(mark);
    if (length !== undefined) return this.#bytes(length).toString('utf8');
    switch (mark) {
      case MARK.listEmpty:
        return '';
      case MARK.nibble:
        return this.#packed(NIBBLES);
      case MARK.hex:
        return this.#packed(HEX);
      case MARK.jidPair:
        return `${this.#word(this.#byte())}@${this.#word(this.#byte())}`;
      case MARK.deviceJid:
        return this.#deviceJid();
      default:
        throw new Error(`no text begins with ${mark}`);
    }
  }

  #deviceJid(): string {
    const server = deviceServers.get(this.#byte()) ?? 's.whatsapp.net';
    const device = this.#byte();
    const user = this.#word(this.#byte());
    return device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`;
  }

  #packed(alphabet: string): string {
    const start = this.#byte();
    let text = '';
    for (const pair of this.#bytes(start & 127)) {
      text += this.#character(alphabet, pair >> 4) + this.#character(alphabet, pair & 15);
    }
    return start & 128 ? text.slice(0, -1) : text;
  }

  #character(alphabet: string, index: number): string {
    // The filler of an odd last place; cut off by the caller.
    if (index === 15 && alphabet === NIBBLES) return '\0';
    const character = alphabet.charAt(index);
    if (character === '') throw new Error('a packed text has a character that is none');
    return character;
  }

  #listSize(mark: number): number | undefined {
    if (mark === MARK.listEmpty) return 0;
    if (mark === MARK.list8) return this.#byte();
    return mark === MARK.list16 ? this.#integer(2) : undefined;
  }

  #bytesLength(mark: number): number | undefined {
    if (mark === MARK.bytes8) return this.#byte();
    if (mark === MARK.bytes20) return this.#integer(3) & 0xf_ff_ff;
    return mark === MARK.bytes32 ? this.#integer(4) : undefined;
  }

  #byte(): number {
    const value = this.data[this.#at++];
    if (value === undefined) throw new Error('the node ends too early');
    return value;
  }

  #integer(size: number): number {
    return this.#bytes(size).readUIntBE(0, size);
  }

  #bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.data.length) throw new Error('the node ends too early');
    const found = this.data.subarray(this.#at, end);
    this.#at = end;
    return found;
  }
}

/** Decodes one node; throws on anything that is not one. */
export function decodeNode(data: Buffer): Node {
  if (data.length < 2) throw new Error('a node has at least two bytes');
  const body = data.subarray(1);
  const compressed = (data.readUInt8(0) & COMPRESSED) !== 0;
  return new Reader(compressed ? inflateSync(body, { maxOutputLength: MAX_INFLATED_BYTES }) : body).node();
}
