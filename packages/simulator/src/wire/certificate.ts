/** The chain that proves the network's static key, from a root everybody can compute. */
import { proto } from 'baileys/WAProto/index.js';
import { type CurveKeyPair, keyPairFromSeed, sign } from './curve.js';

const { Details } = proto.CertChain.NoiseCertificate;

/** Deterministic and public on purpose: it protects nothing, it only lets separate processes agree without an exchange. */
const root = keyPairFromSeed('trunkline sandbox network: noise root, for tests only');
const intermediate = keyPairFromSeed('trunkline sandbox network: noise intermediate, for tests only');

/** The 32-byte key a client of the sandbox network pins. */
export const sandboxRootPublicKey: Uint8Array = root.publicKey;

const ROOT_SERIAL = 0;
const INTERMEDIATE_SERIAL = 1;
const LEAF_SERIAL = 2;
const NOT_BEFORE = 1_577_836_800;
const NOT_AFTER = 4_102_444_800;

/** Issues the chain for a static key: root → intermediate → leaf. Made once per process, then sent as it is. */
export function issueCertificateChain(serverStatic: Uint8Array): Buffer {
  const validity = { notBefore: NOT_BEFORE, notAfter: NOT_AFTER };
  const intermediateDetails = Details.encode({
    serial: INTERMEDIATE_SERIAL,
    issuerSerial: ROOT_SERIAL,
    key: intermediate.publicKey,
    ...validity,
  }).finish();
  const leafDetails = Details.encode({
    serial: LEAF_SERIAL,
    issuerSerial: INTERMEDIATE_SERIAL,
    key: serverStatic,
    ...validity,
  }).finish();
  const certificate = (details: Uint8Array, issuer: CurveKeyPair) => ({
    details,
    signature: sign(issuer.privateKey, details),
  });
  return Buffer.from(
    proto.CertChain.encode({
      intermediate: certificate(intermediateDetails, root),
      leaf: certificate(leafDetails, intermediate),
    }).finish(),
  );
}
