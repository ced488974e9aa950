import { decodeBinaryNode, encodeBinaryNode } from 'baileys';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNode } from './decode-node.js';
import { encodeNode } from './encode-node.js';
import { el, type Node } from './node.js';

/** One spelling for both libraries: content bytes as hex. */
function plain(node: Node): unknown {
  const { tag, attrs, content } = node;
  if (content === undefined || (Array.isArray(content) && content.length === 0)) return { tag, attrs: { ...attrs } };
  if (Array.isArray(content)) return { tag, attrs: { ...attrs }, content: content.map(plain) };
  return { tag, attrs: { ...attrs }, content: Buffer.from(content).toString('hex') };
}

const words = fc.oneof(
  fc.constantFrom('message', 'read-self', 'id', 'from', 'w:profile:picture', '', '0', 'enc', 'trusted_contact'),
  fc.stringMatching(/^[0-9.-]{1,40}$/),
  fc.stringMatching(/^[0-9A-F]{1,40}$/),
  fc.constantFrom(
    '919820000001@s.whatsapp.net',
    '45931:12@lid',
    '@s.whatsapp.net',
    '120363041@g.us',
    '5:1@s.whatsapp.net',
  ),
  // The library looks words up in a plain object and takes names such as valueOf for tokens.
  fc.string({ unit: 'grapheme', maxLength: 300 }).filter((text) => !text.includes('@') && !(text in {})),
);
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc
    .tuple(
      words.filter((word) => word !== ''),
      fc.dictionary(words, words, { maxKeys: 4, noNullPrototype: true }),
      fc.option(
        fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 400 }), fc.array(tie('node'), { maxLength: 4 })),
        {
          nil: undefined,
        },
      ),
    )
    .map(([tag, attrs, content]) => (content === undefined ? { tag, attrs } : { tag, attrs, content })),
}));

describe('the node codec', () => {
  it('writes what the client library writes, and reads its own writing', () => {
    fc.assert(
      fc.property(node, (value) => {
        const encoded = encodeNode(value);
        expect(encoded.equals(encodeBinaryNode(value))).toBe(true);
        expect(plain(decodeNode(encoded))).toEqual(plain(value));
      }),
      { numRuns: 500 },
    );
  });

  it('writes known nodes as known bytes', () => {
    const ping = el('iq', { id: '7.1', to: 's.whatsapp.net', type: 'get', xmlns: 'w:p' }, [el('ping')]);
    expect(encodeNode(ping).toString('hex')).toBe(Buffer.from(encodeBinaryNode(ping)).toString('hex'));
    const ack = el('ack', { class: 'message', id: '3EB0C431', from: '919820000001:3@s.whatsapp.net' });
    expect(encodeNode(ack).toString('hex')).toBe('00f8071b151308fb043eb0c43106f70003ff06919820000001');
  });

  it('keeps text with an @ in it whole where it is no address', () => {
    for (const text of ['me@home: back at 5', 'a:b@c', 'Zoë@work']) {
      expect(decodeNode(encodeNode(el('presence', { name: text }))).attrs.name).toBe(text);
    }
  });

  it('holds lists and bytes of every length', async () => {
    const many = el(
      'list',
      {},
      Array.from({ length: 812 }, (_, n) => el('id', {}, Buffer.alloc(n % 300, n))),
    );
    const large = el('enc', {}, Buffer.alloc(1_200_000, 7));
    for (const value of [many, large]) {
      expect(plain(decodeNode(encodeNode(value)))).toEqual(plain(value));
      expect(plain(await decodeBinaryNode(encodeNode(value)))).toEqual(plain(value));
    }
  });

  it('refuses what is no node, without hanging or running out of stack', () => {
    const good = encodeNode(el('iq', { id: '1' }, [el('ping')]));
    for (let cut = 0; cut < good.length; cut++) expect(() => decodeNode(good.subarray(0, cut))).toThrow();
    for (const hex of ['00', '00f80a', '02aabbcc', '00f80200', `00${'f80201f801'.repeat(5000)}`, '00f801f0']) {
      expect(() => decodeNode(Buffer.from(hex, 'hex'))).toThrow();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
        try {
          decodeNode(Buffer.from(data));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
