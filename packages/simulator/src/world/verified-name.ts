/** The certificate that carries a business account's name. */
import { proto } from 'baileys/WAProto/index.js';
import { sign } from '../wire/curve.js';
import type { Account } from './account.js';

/** Issues the certificate of a business account, signed with the account's own key. */
export function verifiedName(account: Account): Buffer {
  const { name, registrationId, identity } = account.record;
  const details = proto.VerifiedNameCertificate.Details.encode({
    serial: registrationId,
    issuer: 'smb:wa',
    verifiedName: name,
    issueTime: Math.floor(account.record.createdAt / 1000),
  }).finish();
  const certificate = { details, signature: sign(identity.privateKey, details) };
  return Buffer.from(proto.VerifiedNameCertificate.encode(certificate).finish());
}
