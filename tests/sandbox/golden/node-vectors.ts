/** Nodes and the bytes they are on the wire, fixed once: no codec under test may move them. */
export interface VectorNode {
  tag: string;
  attrs: Record<string, string>;
  content?: VectorNode[] | Uint8Array;
}

export interface NodeVector {
  readonly name: string;
  readonly node: VectorNode;
  readonly hex: string;
  /** Another legal spelling of the same node, which decoders must read but the encoders here do not write. */
  readonly readOnly?: true;
}

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

export const nodeVectors: readonly NodeVector[] = [
  {
    name: 'single-byte tokens with a child',
    node: {
      tag: 'iq',
      attrs: { id: '7.1', to: 's.whatsapp.net', type: 'get', xmlns: 'w:p' },
      content: [{ tag: 'ping', attrs: {} }],
    },
    hex: '00f80a1908ff827b1f110304291657f801f80156',
  },
  {
    name: 'tokens of all four dictionaries',
    node: { tag: 'iq', attrs: { a: 'protocol', b: 'biz_block_reasons_version', c: '1537', d: '1139' } },
    hex: '00f80919fc0161ec03fc0162ed64ee25eefffc0164efc8',
  },
  {
    name: 'a PN jid',
    node: { tag: 'presence', attrs: { to: '919820000001@s.whatsapp.net' } },
    hex: '00f8031f11faff0691982000000103',
  },
  {
    name: 'a PN device jid',
    node: { tag: 'receipt', attrs: { to: '919820000001:3@s.whatsapp.net', id: '3EB0C431' } },
    hex: '00f8050711f70003ff0691982000000108fb043eb0c431',
  },
  {
    name: 'a LID jid',
    node: { tag: 'receipt', attrs: { to: '100200300400500@lid' } },
    hex: '00f8030711faff88100200300400500f76',
  },
  {
    name: 'a LID device jid',
    node: { tag: 'receipt', attrs: { to: '100200300400500:12@lid' } },
    hex: '00f8030711f7010cff88100200300400500f',
  },
  {
    name: 'a group jid',
    node: { tag: 'message', attrs: { to: '120363000000000001@g.us' } },
    hex: '00f8031311faff091203630000000000011c',
  },
  {
    name: 'a PN jid written as text',
    node: { tag: 'presence', attrs: { to: '919820000001@s.whatsapp.net' } },
    hex: '00f8031f11fc1b39313938323030303030303140732e77686174736170702e6e6574',
    readOnly: true,
  },
  {
    name: 'packed digits of even length, with point and dash',
    node: { tag: 'ack', attrs: { t: '1717171717.5-0' } },
    hex: '00f8031b1aff071717171717b5a0',
  },
  { name: 'packed digits of odd length', node: { tag: 'ack', attrs: { t: '123' } }, hex: '00f8031b1aff82123f' },
  { name: 'packed hex of even length', node: { tag: 'ack', attrs: { id: '3EB0AB' } }, hex: '00f8031b08fb033eb0ab' },
  { name: 'packed hex of odd length', node: { tag: 'ack', attrs: { id: '3EB0A' } }, hex: '00f8031b08fb833eb0af' },
  {
    name: 'plain text',
    node: { tag: 'ib', attrs: { name: 'Asha Rao, kirana' } },
    hex: '00f803fc02696289fc10417368612052616f2c206b6972616e61',
  },
  {
    name: 'text beyond ASCII',
    node: { tag: 'ib', attrs: { name: 'नमस्ते' } },
    hex: '00f803fc02696289fc12e0a4a8e0a4aee0a4b8e0a58de0a4a4e0a587',
  },
  {
    name: 'binary content',
    node: { tag: 'enc', attrs: { v: '2', type: 'pkmsg' }, content: bytes('00ff10') },
    hex: '00f8061d51450453fc0300ff10',
  },
  {
    name: 'binary content longer than one length byte',
    node: { tag: 'enc', attrs: {}, content: new Uint8Array(300).fill(7) },
    hex: `00f8021dfd00012c${'07'.repeat(300)}`,
  },
  {
    name: 'a list of 255 (list8)',
    node: { tag: 'list', attrs: {}, content: Array.from({ length: 255 }, () => ({ tag: 'item', attrs: {} })) },
    hex: `00f80271f8ff${'f8013f'.repeat(255)}`,
  },
  {
    name: 'a list of 300 (list16)',
    node: { tag: 'list', attrs: {}, content: Array.from({ length: 300 }, () => ({ tag: 'item', attrs: {} })) },
    hex: `00f80271f9012c${'f8013f'.repeat(300)}`,
  },
  {
    name: 'a compressed node',
    node: {
      tag: 'iq',
      attrs: { id: '7.1', to: 's.whatsapp.net', type: 'get', xmlns: 'w:p' },
      content: [{ tag: 'ping', attrs: {} }],
    },
    hex: '02789cfbc125c9f1bfa95a5e909945532cfc07e30fc63000401d0635',
    readOnly: true,
  },
];
