/** The text of a pairing QR. */

export interface QrCode {
  ref: string;
  noiseKey: Buffer;
  identityKey: Buffer;
  advSecret: Buffer;
}

/** Reads a QR with or without the link in front of it; undefined when it is not one. */
export function readQrCode(code: string): QrCode | undefined {
  const [ref = '', noise = '', identity = '', secret = ''] = code.slice(code.lastIndexOf('#') + 1).split(',');
  const noiseKey = Buffer.from(noise, 'base64');
  const identityKey = Buffer.from(identity, 'base64');
  const advSecret = Buffer.from(secret, 'base64');
  if (ref === '' || noiseKey.length !== 32 || identityKey.length !== 32 || advSecret.length !== 32) return undefined;
  return { ref, noiseKey, identityKey, advSecret };
}
