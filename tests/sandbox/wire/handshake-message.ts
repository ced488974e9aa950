/** The handshake message, written and read by hand: three submessages of up to three byte fields. */
export interface HandshakePart {
  readonly ephemeral?: Buffer;
  readonly static?: Buffer;
  readonly payload?: Buffer;
}

type PartName = 'clientHello' | 'serverHello' | 'clientFinish';

const partNumber: Record<PartName, number> = { clientHello: 2, serverHello: 3, clientFinish: 4 };
const helloFields = ['ephemeral', 'static', 'payload'] as const;
const finishFields = ['static', 'payload'] as const;
const fieldsOf = (part: PartName) => (part === 'clientFinish' ? finishFields : helloFields);

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...out, rest]);
    out.push((rest & 0x7f) | 0x80);
  }
}

const bytesField = (number: number, bytes: Uint8Array) =>
  Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);

function readBytesFields(buffer: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  let at = 0;
  const readVarint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = buffer[at++];
      if (byte === undefined) throw new Error('handshake message ends inside a number');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < buffer.length) {
    const tag = readVarint();
    if ((tag & 7) !== 2) throw new Error(`handshake message has field ${tag >> 3} of wire type ${tag & 7}`);
    const length = readVarint();
    fields.set(tag >> 3, buffer.subarray(at, at + length));
    at += length;
  }
  return fields;
}

/** Serialises one handshake message. */
export function encodeHandshake(part: PartName, content: HandshakePart): Buffer {
  const inner = fieldsOf(part).flatMap((name, index) => {
    const bytes = content[name];
    return bytes === undefined ? [] : [bytesField(index + 1, bytes)];
  });
  return bytesField(partNumber[part], Buffer.concat(inner));
}

/** Reads one handshake message; throws when it is of another kind. */
export function decodeHandshake(part: PartName, message: Uint8Array): HandshakePart {
  const inner = readBytesFields(Buffer.from(message)).get(partNumber[part]);
  if (inner === undefined) throw new Error(`expected a ${part}`);
  const fields = readBytesFields(inner);
  const named = fieldsOf(part).flatMap((name, index) => {
    const bytes = fields.get(index + 1);
    return bytes === undefined ? [] : [[name, bytes] as const];
  });
  return Object.fromEntries(named);
}
