/** AES-256-GCM envelopes: `version | nonce (12) | ciphertext | tag (16)`, bound to where they are stored. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const KEY_BYTES = 32;
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES;

/** The stored bytes are not what was sealed for this place with this key. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** Encrypts with a fresh random nonce. `place` names the one spot where the result may be opened again. */
export function seal(key: Uint8Array, plaintext: Uint8Array, place: readonly string[]): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(placeBytes(place));
  const body = [cipher.update(plaintext), cipher.final()];
  return Buffer.concat([Buffer.from([VERSION]), nonce, ...body, cipher.getAuthTag()]);
}

/** Decrypts, or throws `SealBroken` when key, place or bytes are not those of `seal`. */
export function open(key: Uint8Array, sealed: Uint8Array, place: readonly string[]): Buffer {
  if (sealed[0] !== VERSION || sealed.length < HEAD_BYTES + TAG_BYTES) {
    throw new SealBroken(`the value stored for ${place.join(' / ')} is not an envelope that this version can read`);
  }
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, HEAD_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(placeBytes(place));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    const what = `the value stored for ${place.join(' / ')} cannot be decrypted`;
    throw new SealBroken(`${what}: it was changed, moved from another row, or written with another key`, { cause });
  }
}

/** JSON keeps the parts apart: no two different places give the same bytes. */
function placeBytes(place: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(place));
}
