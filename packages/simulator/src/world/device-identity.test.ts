import { createHmac } from 'node:crypto';
import { proto } from 'baileys/WAProto/index.js';
import { describe, expect, it } from 'vitest';
import { type CurveKeyPair, newKeyPair, sign, verify } from '../wire/curve.js';
import { Account, newAccountRecord } from './account.js';
import { acceptDeviceIdentity, offerDeviceIdentity } from './device-identity.js';
import { Journal } from './journal.js';

const SECRET = Buffer.alloc(32, 7);
const account = new Account(
  newAccountRecord({ number: '919820000001', org: 'o', name: 'Asha', platform: 'android', business: false }),
  Journal.open(undefined),
);
const accountKey = account.record.identity.publicKey;

/** What a companion does with the offer: checks it and signs in turn. */
function countersign(sealed: Buffer, companion: CurveKeyPair, signer = companion) {
  const { details: signed, hmac } = proto.ADVSignedDeviceIdentityHMAC.decode(sealed);
  const inner = proto.ADVSignedDeviceIdentity.decode(signed ?? Buffer.alloc(0));
  const details = Buffer.from(inner.details ?? []);
  const hmacHolds = createHmac('sha256', SECRET)
    .update(signed ?? '')
    .digest()
    .equals(hmac ?? Buffer.alloc(0));
  const message = Buffer.concat([Buffer.from([6, 0]), details, companion.publicKey]);
  const signatureHolds = verify(
    inner.accountSignatureKey ?? accountKey,
    message,
    inner.accountSignature ?? Buffer.alloc(0),
  );
  const own = Buffer.concat([Buffer.from([6, 1]), details, companion.publicKey, accountKey]);
  const answer = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignature: inner.accountSignature ?? Buffer.alloc(0),
    deviceSignature: sign(signer.privateKey, own),
  }).finish();
  return { hmacHolds, signatureHolds, answer: Buffer.from(answer) };
}

describe('the device identity', () => {
  it('holds for the companion and, countersigned, for the handset', () => {
    const companion = newKeyPair();
    const offer = offerDeviceIdentity(account, companion.publicKey, SECRET, 3);
    const { hmacHolds, signatureHolds, answer } = countersign(offer.sealed, companion);
    expect({ hmacHolds, signatureHolds }).toEqual({ hmacHolds: true, signatureHolds: true });
    const accepted = acceptDeviceIdentity(account, offer, companion.publicKey, answer);
    const document = proto.ADVSignedDeviceIdentity.decode(accepted ?? Buffer.alloc(0));
    expect(accountKey.equals(document.accountSignatureKey ?? Buffer.alloc(0))).toBe(true);
    expect(proto.ADVDeviceIdentity.decode(document.details ?? Buffer.alloc(0)).keyIndex).toBe(3);
  });

  it('is refused when somebody else signed, or when it was changed', () => {
    const companion = newKeyPair();
    const offer = offerDeviceIdentity(account, companion.publicKey, SECRET, 3);
    const forged = countersign(offer.sealed, companion, newKeyPair()).answer;
    expect(acceptDeviceIdentity(account, offer, companion.publicKey, forged)).toBeUndefined();
    const { answer } = countersign(offer.sealed, companion);
    expect(acceptDeviceIdentity(account, offer, newKeyPair().publicKey, answer)).toBeUndefined();
    const other = offerDeviceIdentity(account, companion.publicKey, SECRET, 4);
    expect(acceptDeviceIdentity(account, other, companion.publicKey, answer)).toBeUndefined();
  });
});
