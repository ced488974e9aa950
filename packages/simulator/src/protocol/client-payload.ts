/** What a client says about itself in the handshake: a registration or a login. */
import { proto } from 'baileys/WAProto/index.js';
import type { SignedPreKey } from '../world/prekeys.js';

export interface Registration {
  kind: 'registration';
  version: WebVersion;
  registrationId: number;
  identityKey: Buffer;
  signedPreKey: SignedPreKey;
}

export interface Login {
  kind: 'login';
  version: WebVersion;
  number: string;
  device: number;
}

export type WebVersion = [primary: number, secondary: number, tertiary: number];

/** Reads a client payload; undefined when it is neither a complete registration nor a login that names a device. */
export function readClientPayload(data: Buffer): Registration | Login | undefined {
  const payload = proto.ClientPayload.decode(data);
  const app = payload.userAgent?.appVersion;
  const version: WebVersion = [app?.primary ?? 0, app?.secondary ?? 0, app?.tertiary ?? 0];
  if (payload.devicePairingData) return readRegistration(payload.devicePairingData, version);
  const number = payload.username?.toString() ?? '';
  const device = payload.device ?? 0;
  // Only handsets log in without a device index, and no handset connects from outside.
  return number === '0' || number === '' || device === 0 ? undefined : { kind: 'login', version, number, device };
}

function readRegistration(
  data: proto.ClientPayload.IDevicePairingRegistrationData,
  version: WebVersion,
): Registration | undefined {
  const { eRegid, eIdent, eSkeyId, eSkeyVal, eSkeySig } = data;
  if (!eRegid?.length || eIdent?.length !== 32 || !eSkeyId?.length || eSkeyVal?.length !== 32) return undefined;
  if (eSkeySig?.length !== 64) return undefined;
  return {
    kind: 'registration',
    version,
    registrationId: Buffer.from(eRegid).readUIntBE(0, eRegid.length),
    identityKey: Buffer.from(eIdent),
    signedPreKey: {
      id: Buffer.from(eSkeyId).readUIntBE(0, eSkeyId.length),
      publicKey: Buffer.from(eSkeyVal),
      signature: Buffer.from(eSkeySig),
    },
  };
}

/** True when a client is older than the network still accepts. */
export function isOutdated(version: WebVersion, minimum: WebVersion | undefined): boolean {
  if (minimum === undefined) return false;
  for (const [at, part] of minimum.entries()) {
    const own = version[at] ?? 0;
    if (own !== part) return own < part;
  }
  return false;
}
