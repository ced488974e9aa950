/** Encrypting for one device and decrypting from one, with sessions kept per device whatever its address was. */

import { randomInt } from 'node:crypto';
import { ProtocolAddress, SessionBuilder, SessionCipher } from 'whatsapp-rust-bridge';
import { typedKey } from '../../wire/curve.js';
import type { Bundle } from '../bundle.js';
import type { Endpoint } from '../world.js';
import type { SignalStore } from './signal-store.js';

export interface Envelope {
  type: 'msg' | 'pkmsg';
  ciphertext: Buffer;
}

const PREKEY_MESSAGE = 3;

/** The name of a device in the session store: one per device, as LID and number are the same identity. */
export function sessionAddress({ account, index }: Endpoint): string {
  return `${account.lid}.${index}`;
}

/** Runs with the native address of a device and frees it afterwards. */
async function withAddress<T>(endpoint: Endpoint, use: (address: ProtocolAddress) => Promise<T>): Promise<T> {
  const address = new ProtocolAddress(endpoint.account.lid, endpoint.index);
  try {
    return await use(address);
  } finally {
    address.free();
  }
}

/** Adds the padding every plaintext carries: one to sixteen bytes, each saying how many. */
export function pad(message: Uint8Array): Buffer {
  const size = randomInt(1, 17);
  return Buffer.concat([message, Buffer.alloc(size, size)]);
}

/** Removes what {@link pad} added; throws on a plaintext that cannot have been padded. */
export function unpad(plain: Buffer): Buffer {
  const size = plain.at(-1) ?? 0;
  if (size === 0 || size > plain.length) throw new Error('the plaintext is not padded');
  return plain.subarray(0, plain.length - size);
}

/** True when there is a session to write into. */
export function hasSession(store: SignalStore, endpoint: Endpoint): Promise<boolean> {
  return withAddress(endpoint, async (address) => {
    const cipher = new SessionCipher(store, address);
    try {
      return await cipher.hasOpenSession();
    } finally {
      cipher.free();
    }
  });
}

/** Starts a session from a bundle; throws when the bundle's signature is wrong. */
export function startSession(store: SignalStore, endpoint: Endpoint, bundle: Bundle): Promise<void> {
  return withAddress(endpoint, async (address) => {
    const builder = new SessionBuilder(store, address);
    try {
      await builder.processPreKeyBundle({
        registrationId: bundle.registrationId,
        identityKey: typedKey(bundle.identityKey),
        signedPreKey: {
          keyId: bundle.signedPreKey.id,
          publicKey: typedKey(bundle.signedPreKey.publicKey),
          signature: bundle.signedPreKey.signature,
        },
        ...(bundle.preKey === undefined
          ? {}
          : { preKey: { keyId: bundle.preKey.id, publicKey: typedKey(bundle.preKey.publicKey) } }),
      });
    } finally {
      builder.free();
    }
  });
}

/** Encrypts into an existing session. */
export function encryptFor(store: SignalStore, endpoint: Endpoint, plain: Buffer): Promise<Envelope> {
  return withAddress(endpoint, async (address) => {
    const cipher = new SessionCipher(store, address);
    try {
      const { type, body } = await cipher.encrypt(plain);
      return { type: type === PREKEY_MESSAGE ? 'pkmsg' : 'msg', ciphertext: Buffer.from(body) };
    } finally {
      cipher.free();
    }
  });
}

/** Decrypts one envelope; throws when keys or session are missing, or when it was opened before. */
export function decryptFrom(store: SignalStore, endpoint: Endpoint, type: string, ciphertext: Buffer): Promise<Buffer> {
  return withAddress(endpoint, async (address) => {
    const cipher = new SessionCipher(store, address);
    try {
      const plain =
        type === 'pkmsg'
          ? await cipher.decryptPreKeyWhisperMessage(ciphertext)
          : await cipher.decryptWhisperMessage(ciphertext);
      return Buffer.from(plain);
    } finally {
      cipher.free();
    }
  });
}

/** True for the error of an envelope that was opened before: a duplicate, not a loss. */
export function isDuplicate(error: unknown): boolean {
  return String(error).includes('DuplicatedMessage');
}
