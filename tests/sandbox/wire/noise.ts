/** The Noise symmetric state and its three patterns as an initiator speaks them, on node:crypto alone. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { agree, type CurveKeys } from './curve.js';
import { encodeHandshake, type HandshakePart } from './handshake-message.js';

export const intro = Buffer.from([0x57, 0x41, 6, 3]);
const empty = Buffer.alloc(0);

export const patterns = {
  XX: Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0'),
  IK: Buffer.from('Noise_IK_25519_AESGCM_SHA256\0\0\0\0'),
  // Longer than 32 bytes, so its hash stands in for it. A client falls back to it when the answer to its IK hello
  // carries a static key.
  XXfallback: Buffer.from('Noise_XXfallback_25519_AESGCM_SHA256'),
} as const;

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(counter, 8);
  return nonce;
}

function seal(key: Uint8Array, counter: number, plain: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(counter)).setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Uint8Array, counter: number, box: Uint8Array, aad: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(counter)).setAAD(aad);
  decipher.setAuthTag(box.subarray(box.length - 16));
  return Buffer.concat([decipher.update(box.subarray(0, box.length - 16)), decipher.final()]);
}

/** The running hash, chaining key and cipher key of one handshake. */
export class NoiseState {
  #hash: Buffer;
  #chain: Buffer;
  #key: Buffer;
  #counter = 0;

  constructor(pattern: Buffer, prologue: Uint8Array = intro) {
    this.#hash = pattern.length === 32 ? pattern : sha256(pattern);
    this.#chain = this.#hash;
    this.#key = this.#hash;
    this.mixHash(prologue);
  }

  mixHash(bytes: Uint8Array): void {
    this.#hash = sha256(this.#hash, bytes);
  }

  mixKey(secret: Uint8Array): void {
    [this.#chain, this.#key] = this.#expand(secret);
    this.#counter = 0;
  }

  encrypt(plain: Uint8Array): Buffer {
    const box = seal(this.#key, this.#counter++, plain, this.#hash);
    this.mixHash(box);
    return box;
  }

  decrypt(box: Uint8Array): Buffer {
    const plain = open(this.#key, this.#counter++, box, this.#hash);
    this.mixHash(box);
    return plain;
  }

  /** First the initiator's sending key, then its receiving key. */
  split(): [Buffer, Buffer] {
    return this.#expand(empty);
  }

  #expand(secret: Uint8Array): [Buffer, Buffer] {
    const out = Buffer.from(hkdfSync('sha256', secret, this.#chain, '', 64));
    return [out.subarray(0, 32), out.subarray(32)];
  }
}

/** One end of the encrypted stream after the handshake. */
export class NoiseTransport {
  #sent = 0;
  #received = 0;

  constructor(
    readonly sendKey: Buffer,
    readonly receiveKey: Buffer,
  ) {}

  encrypt(plain: Uint8Array): Buffer {
    return seal(this.sendKey, this.#sent++, plain, empty);
  }

  decrypt(box: Uint8Array): Buffer {
    return open(this.receiveKey, this.#received++, box, empty);
  }
}

export interface Initiator {
  readonly ephemeral: CurveKeys;
  readonly noise: CurveKeys;
  readonly payload: Uint8Array;
}

export interface Greeted {
  readonly serverStatic: Buffer;
  readonly certificate: Buffer;
  /** Present when the initiator still owes its last message (XX and the fallback). */
  readonly finish?: Buffer;
  readonly transport: NoiseTransport;
}

/** The first message of a full handshake. */
export function helloXX({ ephemeral }: Initiator): Buffer {
  return encodeHandshake('clientHello', { ephemeral: ephemeral.public });
}

/** Answers a server hello of the full pattern, or of the fallback after an IK attempt. */
export function finishXX(self: Initiator, hello: HandshakePart, pattern: Buffer = patterns.XX): Greeted {
  const { ephemeral, noise, payload } = self;
  const state = new NoiseState(pattern);
  state.mixHash(ephemeral.public);
  state.mixHash(hello.ephemeral ?? empty);
  state.mixKey(agree(ephemeral.private, hello.ephemeral ?? empty));
  const serverStatic = state.decrypt(hello.static ?? empty);
  state.mixKey(agree(ephemeral.private, serverStatic));
  const certificate = state.decrypt(hello.payload ?? empty);
  const sealedStatic = state.encrypt(noise.public);
  state.mixKey(agree(noise.private, hello.ephemeral ?? empty));
  const finish = encodeHandshake('clientFinish', { static: sealedStatic, payload: state.encrypt(payload) });
  return { serverStatic, certificate, finish, transport: new NoiseTransport(...state.split()) };
}

/** The first message of a resumption towards a server whose static key is known; `state` goes on in {@link finishIK}. */
export function helloIK(self: Initiator, serverStatic: Uint8Array): { hello: Buffer; state: NoiseState } {
  const state = new NoiseState(patterns.IK);
  state.mixHash(serverStatic);
  state.mixHash(self.ephemeral.public);
  state.mixKey(agree(self.ephemeral.private, serverStatic));
  const sealedStatic = state.encrypt(self.noise.public);
  state.mixKey(agree(self.noise.private, serverStatic));
  const payload = state.encrypt(self.payload);
  const hello = encodeHandshake('clientHello', { ephemeral: self.ephemeral.public, static: sealedStatic, payload });
  return { hello, state };
}

/** Completes a resumption; the server hello carries no static key. */
export function finishIK(self: Initiator, state: NoiseState, serverStatic: Buffer, hello: HandshakePart): Greeted {
  const serverEphemeral = hello.ephemeral ?? empty;
  state.mixHash(serverEphemeral);
  state.mixKey(agree(self.ephemeral.private, serverEphemeral));
  state.mixKey(agree(self.noise.private, serverEphemeral));
  const certificate = state.decrypt(hello.payload ?? empty);
  return { serverStatic, certificate, transport: new NoiseTransport(...state.split()) };
}
