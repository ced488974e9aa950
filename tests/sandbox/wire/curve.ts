/**
 * Curve25519 with nothing but node:crypto and the two formulas that XEdDSA needs, so that signatures and agreements
 * made by the libraries and by the sandbox are judged by code that shares nothing with them.
 */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  verify,
} from 'node:crypto';

export interface CurveKeys {
  readonly private: Buffer;
  readonly public: Buffer;
}

const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

const privateObject = (raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_X25519, raw]), format: 'der', type: 'pkcs8' });
const publicObject = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_X25519, raw]), format: 'der', type: 'spki' });
const rawPublic = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(SPKI_X25519.length);

/** The public key that belongs to a private one. */
export function curveKeys(privateKey: Uint8Array): CurveKeys {
  return { private: Buffer.from(privateKey), public: rawPublic(createPublicKey(privateObject(privateKey))) };
}

/** A fresh X25519 pair. */
export function freshCurveKeys(): CurveKeys {
  const { privateKey } = generateKeyPairSync('x25519');
  return curveKeys(privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_X25519.length));
}

/** X25519 agreement. */
export function agree(privateKey: Uint8Array, publicKey: Uint8Array): Buffer {
  return diffieHellman({ privateKey: privateObject(privateKey), publicKey: publicObject(publicKey) });
}

const P = 2n ** 255n - 19n;

function powMod(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if (bits & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** XEdDSA verification: the Montgomery key becomes the Edwards key y = (u - 1) / (u + 1), whose sign rides in the signature. */
export function verifyXeddsa(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const u = BigInt(`0x${Buffer.from(publicKey).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  const y = ((u - 1n + P) * powMod(u + 1n, P - 2n)) % P;
  const edwards = Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
  const last = signature[63] ?? 0;
  edwards[31] = (edwards[31] ?? 0) | (last & 0x80);
  const plainSignature = Buffer.from(signature);
  plainSignature[63] = last & 0x7f;
  const key = createPublicKey({ key: Buffer.concat([SPKI_ED25519, edwards]), format: 'der', type: 'spki' });
  return verify(null, message, key, plainSignature);
}
