import { Curve, proto, WA_CERT_DETAILS } from 'baileys';
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
  sharedKey(privateKey, publicKey) {
    lastAgreedWith = publicKey;
    return Buffer.from(calculateAgreement(prefixed(publicKey), privateKey));
  },
  sign: (privateKey, message) => Buffer.from(calculateSignature(privateKey, message)),
  verify(publicKey, message, signature) {
    // The bridge throws for a key or signature of the wrong size; both are as good as a wrong signature.
    try {
      return verifySignature(prefixed(publicKey), message, signature) && !isCertificateOfAnother(publicKey, message);
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

/**
 * The key of the last agreement. In a handshake, which runs without a pause, it is the static key that the server
 * has just proved to hold.
 */
let lastAgreedWith: Uint8Array = new Uint8Array();

/**
 * WhatsApp's certificate chain is no secret: every client gets it. The library checks the chain but not that its leaf
 * names the key of the server that presents it, so anybody could show WhatsApp's chain and pass.
 */
function isCertificateOfAnother(signer: Uint8Array, message: Uint8Array): boolean {
  if (Buffer.from(signer).equals(WA_CERT_DETAILS.PUBLIC_KEY)) return false;
  const details = certificateDetails(message);
  return details?.key?.length === 32 && !Buffer.from(details.key).equals(lastAgreedWith);
}

function certificateDetails(message: Uint8Array): proto.CertChain.NoiseCertificate.IDetails | null {
  try {
    return proto.CertChain.NoiseCertificate.Details.decode(message);
  } catch {
    // Signed messages of other kinds, such as device identities, are no protobuf of their own.
    return null;
  }
}
