/** A linked device made by hand: its keys, what it says about itself, and its side of the device identity. */
import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto';
import { proto } from 'baileys';
import { calculateSignature } from 'whatsapp-rust-bridge';
import { type CurveKeys, freshCurveKeys, verifyXeddsa } from './curve.js';
import { bytesIn, childOf, type WireNode } from './wire-client.js';

const version = { primary: 2, secondary: 3000, tertiary: 1043857760 };
const prefix = { account: Buffer.from([6, 0]), device: Buffer.from([6, 1]), key: Buffer.from([5]) };

export interface PairSuccess {
  readonly jid: string;
  readonly lid: string;
  readonly keyIndex: number;
  readonly hmacHolds: boolean;
  readonly accountSignatureHolds: boolean;
  /** The answer that completes the pairing. */
  readonly reply: WireNode;
}

export class Companion {
  readonly noise = freshCurveKeys();
  readonly identity = freshCurveKeys();
  readonly advSecret = randomBytes(32);
  readonly #signedPreKey = freshCurveKeys();
  readonly #registrationId = randomInt(1, 16380);

  registration(): Uint8Array {
    const dotted = `${version.primary}.${version.secondary}.${version.tertiary}`;
    const registrationId = Buffer.alloc(4);
    registrationId.writeUInt32BE(this.#registrationId);
    return proto.ClientPayload.encode({
      passive: false,
      pull: false,
      userAgent: { platform: proto.ClientPayload.UserAgent.Platform.WEB, appVersion: version },
      devicePairingData: {
        buildHash: createHash('md5').update(dotted).digest(),
        deviceProps: proto.DeviceProps.encode({
          os: 'probe',
          platformType: proto.DeviceProps.PlatformType.CHROME,
        }).finish(),
        eRegid: registrationId,
        eKeytype: prefix.key,
        eIdent: this.identity.public,
        eSkeyId: Buffer.from([0, 0, 1]),
        eSkeyVal: this.#signedPreKey.public,
        eSkeySig: this.#sign(Buffer.concat([prefix.key, this.#signedPreKey.public])),
      },
    }).finish();
  }

  login(jid: string): Uint8Array {
    const [, user, device] = /^(\d+):(\d+)@/.exec(jid) ?? [];
    return proto.ClientPayload.encode({
      passive: true,
      pull: true,
      userAgent: { platform: proto.ClientPayload.UserAgent.Platform.WEB, appVersion: version },
      username: Number(user),
      device: Number(device),
    }).finish();
  }

  qrCode(ref: string): string {
    const parts = [this.noise.public, this.identity.public, this.advSecret].map((part) => part.toString('base64'));
    return [ref, ...parts, '1'].join(',');
  }

  /** Judges a pair-success and prepares the answer; `signer` replaces our identity key in it, to answer wrongly. */
  answer(iq: WireNode, signer: CurveKeys = this.identity): PairSuccess {
    const success = childOf(iq, 'pair-success');
    const device = childOf(success, 'device').attrs;
    const wrapped = proto.ADVSignedDeviceIdentityHMAC.decode(bytesIn(childOf(success, 'device-identity')));
    const signedBytes = wrapped.details ?? new Uint8Array();
    const signed = proto.ADVSignedDeviceIdentity.decode(signedBytes);
    const details = signed.details ?? new Uint8Array();
    const accountKey = signed.accountSignatureKey ?? new Uint8Array();
    const accountMessage = Buffer.concat([prefix.account, details, this.identity.public]);
    const deviceMessage = Buffer.concat([prefix.device, details, this.identity.public, accountKey]);
    const keyIndex = proto.ADVDeviceIdentity.decode(details).keyIndex ?? 0;
    const identity = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignature: signed.accountSignature ?? null,
      deviceSignature: calculateSignature(signer.private, deviceMessage),
    }).finish();
    const deviceIdentity = { tag: 'device-identity', attrs: { 'key-index': String(keyIndex) }, content: identity };
    return {
      jid: device.jid ?? '',
      lid: device.lid ?? '',
      keyIndex,
      hmacHolds: createHmac('sha256', this.advSecret)
        .update(signedBytes)
        .digest()
        .equals(wrapped.hmac ?? Buffer.alloc(0)),
      accountSignatureHolds: verifyXeddsa(accountKey, accountMessage, signed.accountSignature ?? new Uint8Array()),
      reply: {
        tag: 'iq',
        attrs: { to: 's.whatsapp.net', type: 'result', id: iq.attrs.id ?? '' },
        content: [{ tag: 'pair-device-sign', attrs: {}, content: [deviceIdentity] }],
      },
    };
  }

  #sign(message: Uint8Array): Uint8Array {
    return calculateSignature(this.identity.private, message);
  }
}
