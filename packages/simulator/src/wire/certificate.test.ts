import { proto } from 'baileys/WAProto/index.js';
import { expect, test } from 'vitest';
import { issueCertificateChain, sandboxRootPublicKey } from './certificate.js';
import { verify } from './curve.js';

const bytes = (value: Uint8Array | null | undefined) => value ?? new Uint8Array();

test('a strict client finds an unbroken chain from the root to the static key', () => {
  const staticKey = Buffer.alloc(32, 7);
  const { intermediate, leaf } = proto.CertChain.decode(issueCertificateChain(staticKey));
  const middle = proto.CertChain.NoiseCertificate.Details.decode(bytes(intermediate?.details));
  const last = proto.CertChain.NoiseCertificate.Details.decode(bytes(leaf?.details));
  expect(verify(sandboxRootPublicKey, bytes(intermediate?.details), bytes(intermediate?.signature))).toBe(true);
  expect(verify(bytes(middle.key), bytes(leaf?.details), bytes(leaf?.signature))).toBe(true);
  expect(Buffer.from(bytes(last.key))).toEqual(staticKey);
});
