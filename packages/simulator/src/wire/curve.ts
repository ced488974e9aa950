/** Curve25519 in the forms the protocol wants: raw 32-byte keys, agreement, and XEdDSA signatures. */
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { calculateAgreement, calculateSignature, generateKeyPair, verifySignature } from 'whatsapp-rust-bridge';

export interface CurveKeyPair {
  publicKey: Buffer;
  privateKey: Buffer;
}

const KEY_TYPE = Buffer.from([5]);

/** The 33-byte form with its type byte, as Signal structures carry it. */
export function typedKey(publicKey: Uint8Array): Buffer {
  return publicKey.length === 33 ? Buffer.from(publicKey) : Buffer.concat([KEY_TYPE, publicKey]);
}

/** The 32-byte form without type byte. */
export function rawKey(publicKey: Uint8Array): Buffer {
  return Buffer.from(publicKey.length === 33 ? publicKey.subarray(1) : publicKey);
}

/** A fresh random key pair. */
export function newKeyPair(): CurveKeyPair {
  const pair = generateKeyPair();
  return { publicKey: rawKey(pair.pubKey), privateKey: Buffer.from(pair.privKey) };
}

/** The same key pair for the same seed, for keys that separate processes must agree on. */
export function keyPairFromSeed(seed: string): CurveKeyPair {
  const privateKey = createHash('sha256').update(seed).digest();
  privateKey[0] = (privateKey[0] ?? 0) & 248;
  privateKey[31] = ((privateKey[31] ?? 0) & 127) | 64;
  return { publicKey: publicKeyOf(privateKey), privateKey };
}

/** PKCS #8 around a raw X25519 key. */
const PRIVATE_KEY_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** By node:crypto, because the bridge's own derivation of a public key does not fit the keys it signs with. */
function publicKeyOf(privateKey: Uint8Array): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_KEY_HEAD, privateKey]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** Diffie-Hellman; throws when the other side's key is not one. */
export function agree(privateKey: Uint8Array, publicKey: Uint8Array): Buffer {
  return Buffer.from(calculateAgreement(typedKey(publicKey), privateKey));
}

/** Signs with a Curve25519 key. */
export function sign(privateKey: Uint8Array, message: Uint8Array): Buffer {
  return Buffer.from(calculateSignature(privateKey, message));
}

/** Checks what {@link sign} made; malformed input counts as not signed. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return signature.length === 64 && verifySignature(typedKey(publicKey), message, signature);
  } catch {
    return false;
  }
}
