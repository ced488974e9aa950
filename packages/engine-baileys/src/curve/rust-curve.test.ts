import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { Curve, configureSuccessfulPairing, initAuthCreds, proto, WA_CERT_DETAILS } from 'baileys';
import { beforeAll, describe, expect, test } from 'vitest';
import { installRustCurve, prefixed, rustCurve } from './rust-curve.js';

/** The curve that the library brings, as the other side of every comparison. */
interface LibraryCurve {
  generateKeyPair(): { pubKey: Buffer; privKey: Buffer };
  calculateAgreement(publicKey: Buffer, privateKey: Buffer): Buffer;
  calculateSignature(privateKey: Buffer, message: Buffer): Buffer;
  verifySignature(publicKey: Buffer, message: Buffer, signature: Buffer): boolean;
}
const library: LibraryCurve = createRequire(import.meta.url)('libsignal/src/curve.js');

beforeAll(installRustCurve);

const message = Buffer.from('a message');

describe('the curve of the library, replaced', () => {
  test('both sides of an agreement get the same secret, also across implementations', () => {
    const ours = Curve.generateKeyPair();
    const theirs = library.generateKeyPair();
    const mine = Curve.sharedKey(ours.private, theirs.pubKey);
    expect(mine).toEqual(library.calculateAgreement(Buffer.from(prefixed(ours.public)), theirs.privKey));
    expect([ours.private.length, ours.public.length, mine.length]).toEqual([32, 32, 32]);
  });

  test('signatures are accepted across implementations', () => {
    const ours = Curve.generateKeyPair();
    const theirs = library.generateKeyPair();
    expect(Curve.verify(theirs.pubKey, message, library.calculateSignature(theirs.privKey, message))).toBe(true);
    const signature = Curve.sign(ours.private, message);
    expect(library.verifySignature(Buffer.from(prefixed(ours.public)), message, Buffer.from(signature))).toBe(true);
  });

  test('a wrong key, a wrong message and broken signatures are refused', () => {
    const signer = Curve.generateKeyPair();
    const signature = Curve.sign(signer.private, message);
    const flipped = Buffer.from(signature);
    flipped[10] = (flipped[10] ?? 0) ^ 1;
    expect(Curve.verify(signer.public, message, signature)).toBe(true);
    expect(Curve.verify(Curve.generateKeyPair().public, message, signature)).toBe(false);
    expect(Curve.verify(signer.public, Buffer.from('another message'), signature)).toBe(false);
    expect(Curve.verify(signer.public, message, flipped)).toBe(false);
    expect(Curve.verify(signer.public, message, signature.subarray(1))).toBe(false);
    expect(Curve.verify(signer.public, message, Buffer.alloc(64))).toBe(false);
    expect(Curve.verify(Buffer.alloc(5), message, signature)).toBe(false);
  });

  test('fresh credentials sign their prekey so that others accept it', () => {
    const { signedIdentityKey, signedPreKey } = initAuthCreds();
    const signed = prefixed(signedPreKey.keyPair.public);
    expect(Curve.verify(signedIdentityKey.public, signed, signedPreKey.signature)).toBe(true);
  });
});

describe('certificates of the server', () => {
  const root = rustCurve.generateKeyPair();
  const intermediate = rustCurve.generateKeyPair();
  const server = rustCurve.generateKeyPair();
  const { Details } = proto.CertChain.NoiseCertificate;
  const details = (key: Uint8Array): Uint8Array => Details.encode({ serial: 2, issuerSerial: 1, key }).finish();
  const leaf = details(server.public);
  const signature = rustCurve.sign(intermediate.private, leaf);

  test('a leaf is good for the server that proved its key, and for no other', () => {
    const me = rustCurve.generateKeyPair();
    rustCurve.sharedKey(me.private, server.public);
    expect(rustCurve.verify(intermediate.public, leaf, signature)).toBe(true);
    rustCurve.sharedKey(me.private, rustCurve.generateKeyPair().public);
    expect(rustCurve.verify(intermediate.public, leaf, signature)).toBe(false);
  });

  test('the intermediate names its own key, not that of the server', () => {
    const original = WA_CERT_DETAILS.PUBLIC_KEY;
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root.public);
    const signed = details(intermediate.public);
    rustCurve.sharedKey(rustCurve.generateKeyPair().private, server.public);
    expect(rustCurve.verify(root.public, signed, rustCurve.sign(root.private, signed))).toBe(true);
    expect(rustCurve.verify(root.public, signed, rustCurve.sign(intermediate.private, signed))).toBe(false);
    WA_CERT_DETAILS.PUBLIC_KEY = original;
  });
});

test('a pairing signed by somebody else is refused', () => {
  const creds = initAuthCreds();
  const primary = rustCurve.generateKeyPair();
  const stranger = rustCurve.generateKeyPair();
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 1 }).finish();
  const signedText = Buffer.concat([Buffer.from([6, 0]), details, creds.signedIdentityKey.public]);
  const stanza = (signer: { private: Uint8Array }) => {
    const account = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: primary.public,
      accountSignature: rustCurve.sign(signer.private, signedText),
    }).finish();
    const hmac = createHmac('sha256', Buffer.from(creds.advSecretKey, 'base64')).update(account).digest();
    const identity = proto.ADVSignedDeviceIdentityHMAC.encode({ details: account, hmac }).finish();
    return {
      tag: 'iq',
      attrs: { id: '1' },
      content: [
        {
          tag: 'pair-success',
          attrs: {},
          content: [
            { tag: 'device-identity', attrs: {}, content: identity },
            { tag: 'device', attrs: { jid: '15550001:1@s.whatsapp.net', lid: '9001:1@lid' } },
          ],
        },
      ],
    };
  };
  expect(configureSuccessfulPairing(stanza(primary), creds).creds.me?.id).toBe('15550001:1@s.whatsapp.net');
  expect(() => configureSuccessfulPairing(stanza(stranger), creds)).toThrow('account signature');
});
