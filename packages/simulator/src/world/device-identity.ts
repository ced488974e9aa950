/** The signed document that makes a device a companion of an account, made and checked from the handset's side. */
import { createHmac } from 'node:crypto';
import { proto } from 'baileys/WAProto/index.js';
import { sign, verify } from '../wire/curve.js';
import type { Account } from './account.js';

const ACCOUNT_SIGNATURE = Buffer.from([6, 0]);
const DEVICE_SIGNATURE = Buffer.from([6, 1]);
const KEY_INDEX_LIST_SIGNATURE = Buffer.from([6, 2]);

export interface PairingOffer {
  /** For pair-success: the account's signature, sealed with the secret of the QR or of the pairing code. */
  sealed: Buffer;
  details: Buffer;
  accountSignature: Buffer;
}

/** The handset signs the companion's identity key and seals the result with the pairing secret. */
export function offerDeviceIdentity(
  account: Account,
  companionIdentity: Buffer,
  advSecret: Buffer,
  keyIndex: number,
): PairingOffer {
  const { identity, registrationId } = account.record;
  const details = Buffer.from(
    proto.ADVDeviceIdentity.encode({
      rawId: registrationId,
      timestamp: Math.floor(Date.now() / 1000),
      keyIndex,
    }).finish(),
  );
  const accountSignature = sign(identity.privateKey, Buffer.concat([ACCOUNT_SIGNATURE, details, companionIdentity]));
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: identity.publicKey,
    accountSignature,
  }).finish();
  const hmac = createHmac('sha256', advSecret).update(signed).digest();
  const sealed = Buffer.from(proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish());
  return { sealed, details, accountSignature };
}

/**
 * Checks the companion's countersignature. Returns the finished document, with the account's key so that contacts can
 * verify it, or undefined when anything was changed or the signature is not the companion's.
 */
export function acceptDeviceIdentity(
  account: Account,
  offer: PairingOffer,
  companionIdentity: Buffer,
  answer: Buffer,
): Buffer | undefined {
  const { details, accountSignature, deviceSignature } = proto.ADVSignedDeviceIdentity.decode(answer);
  if (!details || !deviceSignature || !offer.details.equals(details)) return undefined;
  if (accountSignature?.length && !offer.accountSignature.equals(accountSignature)) return undefined;
  const accountKey = account.record.identity.publicKey;
  const message = Buffer.concat([DEVICE_SIGNATURE, details, companionIdentity, accountKey]);
  if (!verify(companionIdentity, message, deviceSignature)) return undefined;
  return Buffer.from(
    proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: accountKey,
      accountSignature: offer.accountSignature,
      deviceSignature,
    }).finish(),
  );
}

/** The account's signed list of valid key indexes, which contacts check device lists against. */
export function signKeyIndexList(account: Account): Buffer {
  const { identity, registrationId } = account.record;
  const validIndexes = [0, ...[...account.devices.values()].map((device) => device.record.keyIndex)];
  const details = proto.ADVKeyIndexList.encode({
    rawId: registrationId,
    timestamp: Math.floor(Date.now() / 1000),
    currentIndex: Math.max(...validIndexes),
    validIndexes,
  }).finish();
  return Buffer.from(
    proto.ADVSignedKeyIndexList.encode({
      details,
      accountSignature: sign(identity.privateKey, Buffer.concat([KEY_INDEX_LIST_SIGNATURE, details])),
    }).finish(),
  );
}
