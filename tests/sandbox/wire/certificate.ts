import { proto } from 'baileys';
import { verifyXeddsa } from './curve.js';

/** Every rule a strict client applies to the server's certificate chain; throws at the first one broken. */
export function checkCertificate(chain: Uint8Array, root: Uint8Array, serverStatic: Uint8Array): void {
  const { intermediate, leaf } = proto.CertChain.decode(chain);
  const [above, below] = [intermediate, leaf].map((certificate) => {
    if (!certificate?.details || !certificate.signature) throw new Error('the chain lacks a certificate');
    const { key, serial, issuerSerial } = proto.CertChain.NoiseCertificate.Details.decode(certificate.details);
    if (!key) throw new Error('a certificate lacks its key');
    return { key, serial, issuerSerial, bytes: certificate.details, signature: certificate.signature };
  });
  if (!above || !below) throw new Error('the chain lacks a certificate');
  if (!verifyXeddsa(root, above.bytes, above.signature)) throw new Error('the root did not sign the intermediate');
  if (!verifyXeddsa(above.key, below.bytes, below.signature)) throw new Error('the intermediate did not sign the leaf');
  if (above.issuerSerial !== 0) throw new Error('the intermediate was not issued by the root');
  if (below.issuerSerial !== above.serial) throw new Error('the leaf was not issued by the intermediate');
  if (!Buffer.from(below.key).equals(serverStatic)) throw new Error('the leaf is for another server key');
}
