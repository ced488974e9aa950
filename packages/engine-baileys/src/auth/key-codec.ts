import { BufferJSON, proto, type SignalDataTypeMap } from 'baileys';

/** How the values of each kind of key become bytes and back. */
interface Codec<T> {
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

const raw: Codec<Uint8Array> = { encode: (value) => value, decode: (bytes) => bytes };

const text: Codec<string> = {
  encode: (value) => Buffer.from(value, 'utf8'),
  decode: (bytes) => Buffer.from(bytes).toString('utf8'),
};

function json<T>(): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value, BufferJSON.replacer)),
    decode: (bytes): T => JSON.parse(Buffer.from(bytes).toString('utf8'), BufferJSON.reviver),
  };
}

/** Private key first, then the public one: 64 bytes instead of 150 of JSON, 812 times per pairing. */
const keyPair: Codec<SignalDataTypeMap['pre-key']> = {
  encode: (pair) => Buffer.concat([pair.private, pair.public]),
  decode: (bytes) => ({
    private: Buffer.from(bytes.subarray(0, 32)),
    public: Buffer.from(bytes.subarray(32, 64)),
  }),
};

const appStateKey: Codec<SignalDataTypeMap['app-state-sync-key']> = {
  encode: (value) => proto.Message.AppStateSyncKeyData.encode(value).finish(),
  decode: (bytes) => proto.Message.AppStateSyncKeyData.decode(bytes),
};

export type KeyKind = keyof SignalDataTypeMap;

const codecs: { readonly [K in KeyKind]: Codec<SignalDataTypeMap[K]> } = {
  'pre-key': keyPair,
  session: raw,
  'sender-key': raw,
  'identity-key': raw,
  'sender-key-memory': json(),
  'app-state-sync-key': appStateKey,
  'app-state-sync-version': json(),
  'lid-mapping': text,
  'device-list': json(),
  tctoken: json(),
};

export function encodeKey<K extends KeyKind>(kind: K, value: SignalDataTypeMap[K]): Uint8Array {
  return codecs[kind].encode(value);
}

export function decodeKey<K extends KeyKind>(kind: K, bytes: Uint8Array): SignalDataTypeMap[K] {
  return codecs[kind].decode(bytes);
}

export function isKeyKind(kind: string): kind is KeyKind {
  return kind in codecs;
}
