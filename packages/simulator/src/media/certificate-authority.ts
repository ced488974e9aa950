/** A certificate authority of the sandbox's own, and a certificate for loopback, so that media hosts can speak HTTPS. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface TlsMaterial {
  /** What clients are to trust, PEM. */
  ca: string;
  certificate: string;
  key: string;
}

const OBJECT_IDS = {
  commonName: '0603550403',
  ecdsaWithSha256: '06082a8648ce3d040302',
  basicConstraints: '0603551d13',
  keyUsage: '0603551d0f',
  subjectAltName: '0603551d11',
} as const;

const VALID_FROM = '200101000000Z';
const VALID_UNTIL = '491231235959Z';

/** One DER element. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);
const octets = (body: Buffer): Buffer => der(0x04, body);
const bits = (body: Buffer): Buffer => der(0x03, Buffer.from([0]), body);
const objectId = (name: keyof typeof OBJECT_IDS): Buffer => Buffer.from(OBJECT_IDS[name], 'hex');
const time = (text: string): Buffer => der(0x17, Buffer.from(text));
const truth = Buffer.from([0x01, 0x01, 0xff]);

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('commonName'), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: keyof typeof OBJECT_IDS, critical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(critical ? [truth] : []), octets(value));
}

function certify(subject: string, subjectKey: KeyObject, issuer: string, issuerKey: KeyObject, extensions: Buffer[]) {
  const algorithm = sequence(objectId('ecdsaWithSha256'));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    name(issuer),
    sequence(time(VALID_FROM), time(VALID_UNTIL)),
    name(subject),
    createPublicKey(subjectKey).export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(...extensions)),
  );
  const encoded = sequence(body, algorithm, bits(sign('sha256', body, issuerKey)));
  const lines = encoded.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** Makes an authority and a certificate it issues for 127.0.0.1, ::1 and localhost. The authority's key is thrown away. */
export function issueTlsMaterial(): TlsMaterial {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const host = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const authorityName = `Sandbox media authority ${randomBytes(4).toString('hex')}`;
  const ca = certify(authorityName, authority, authorityName, authority, [
    extension('basicConstraints', true, sequence(truth)),
    // keyCertSign and cRLSign
    extension('keyUsage', true, Buffer.from([0x03, 0x02, 0x01, 0x06])),
  ]);
  const names = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.from('00000000000000000000000000000001', 'hex')),
  );
  const certificate = certify('localhost', host, authorityName, authority, [
    extension('basicConstraints', true, sequence()),
    // digitalSignature
    extension('keyUsage', true, Buffer.from([0x03, 0x02, 0x07, 0x80])),
    extension('subjectAltName', false, names),
  ]);
  return { ca, certificate, key: host.export({ format: 'pem', type: 'pkcs8' }).toString() };
}
