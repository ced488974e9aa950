/** The public keys with which others start a Signal session with a device. */
import type { Account } from './account.js';
import type { PreKey, SignedPreKey } from './prekeys.js';
import type { Endpoint } from './world.js';

export interface Bundle {
  registrationId: number;
  identityKey: Buffer;
  signedPreKey: SignedPreKey;
  preKey?: PreKey;
  deviceIdentity?: Buffer;
}

/** Where handsets take their one-time keys from; they make them when asked, so an idle handset has none. */
export interface HandsetKeySource {
  takePreKey(account: Account): PreKey;
}

/** Takes one bundle of a device out of the directory; its one-time key is used up. Undefined when it has none. */
export function takeBundle(endpoint: Endpoint, handsets: HandsetKeySource): Bundle | undefined {
  const { account, index } = endpoint;
  if (index === 0) {
    const { registrationId, identity, signedPreKey } = account.record;
    return {
      registrationId,
      identityKey: identity.publicKey,
      signedPreKey: {
        id: signedPreKey.id,
        publicKey: signedPreKey.pair.publicKey,
        signature: signedPreKey.signature,
      },
      preKey: handsets.takePreKey(account),
    };
  }
  const device = account.devices.get(index);
  if (device === undefined) return undefined;
  const { registrationId, identityKey, signedPreKey, deviceIdentity } = device.record;
  const preKey = device.prekeys.take();
  return {
    registrationId,
    identityKey,
    signedPreKey,
    deviceIdentity,
    ...(preKey === undefined ? {} : { preKey }),
  };
}
