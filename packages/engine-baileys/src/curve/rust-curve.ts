import { Curve } from 'baileys';
import { calculateAgreement, calculateSignature, generateKeyPair, verifySignature } from 'whatsapp-rust-bridge';

/**
 * Replaces the curve of the library. Its own is pure JavaScript, 60 to 150 times slower for signatures, and it throws
 * the verdict of a verification away: every well-formed signature was "valid", also that of a server which is not
 * WhatsApp.
 */
export function installRustCurve(): void {
  Object.assign(Curve, rustCurve);
}

export const rustCurve: typeof Curve = {
  generateKeyPair() {
    const { pubKey, privKey } = generateKeyPair();
    return { private: Buffer.from(privKey), public: Buffer.from(pubKey.subarray(1)) };
  },
  sharedKey: (privateKey, publicKey) => Buffer.from(calculateAgreement(prefixed(publicKey), privateKey)),
  sign: (privateKey, message) => Buffer.from(calculateSignature(privateKey, message)),
  verify(publicKey, message, signature) {
    // The bridge throws for a key or signature of the wrong size; both are as good as a wrong signature.
    try {
      return verifySignature(prefixed(publicKey), message, signature);
    } catch {
      return false;
    }
  },
};

/** Public keys carry the type byte 5 inside Signal and are bare on the wire. */
export function prefixed(publicKey: Uint8Array): Uint8Array {
  return publicKey.length === 33 ? publicKey : Buffer.concat([KEY_TYPE, publicKey]);
}

const KEY_TYPE = Buffer.from([5]);
