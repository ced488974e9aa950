/** Curve25519 in the forms the protocol wants: raw 32-byte keys, agreement, and XEdDSA signatures. */
import { createHash } from 'node:crypto';
import { calculateAgreement, calculateSignature, generateKeyPair, verifySignature } from 'whatsapp-rust-bridge';

export interface CurveKeyPair {
  publicKey: Buffer;
  privateKey: Buffer;
}

const KEY_TYPE = Buffer.from([5]);
const BASE_POINT = Buffer.alloc(32);
BASE_POINT[0] = 9;

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
  // Agreement with the base point is the public key; the library's own derivation belongs to another, unclamped key.
  return { publicKey: agree(privateKey, BASE_POINT), privateKey };
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
