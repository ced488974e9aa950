/** The responder's side of the Noise handshake (XX, IK, and XX as fallback of a failed IK) and the transport after it. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { proto } from 'baileys/WAProto/index.js';
import { agree, type CurveKeyPair, newKeyPair } from './curve.js';

const EMPTY = Buffer.alloc(0);
const TAG_BYTES = 16;
const PATTERN_XX = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const PATTERN_IK = Buffer.from('Noise_IK_25519_AESGCM_SHA256\0\0\0\0');
const PATTERN_XX_FALLBACK = createHash('sha256').update('Noise_XXfallback_25519_AESGCM_SHA256').digest();

function nonce(counter: number): Buffer {
  const out = Buffer.alloc(12);
  out.writeUInt32BE(counter, 8);
  return out;
}

function seal(key: Buffer, counter: number, plain: Uint8Array, associated: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(counter));
  if (associated.length > 0) cipher.setAAD(associated);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, counter: number, box: Uint8Array, associated: Buffer): Buffer {
  if (box.length < TAG_BYTES) throw new Error('the sealed box is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(counter));
  if (associated.length > 0) decipher.setAAD(associated);
  decipher.setAuthTag(box.subarray(box.length - TAG_BYTES));
  return Buffer.concat([decipher.update(box.subarray(0, box.length - TAG_BYTES)), decipher.final()]);
}

function expand(input: Uint8Array, salt: Buffer): [Buffer, Buffer] {
  const out = Buffer.from(hkdfSync('sha256', input, salt, EMPTY, 64));
  return [out.subarray(0, 32), out.subarray(32)];
}

/** Running hash and keys of one handshake. */
class SymmetricState {
  #hash: Buffer;
  #chaining: Buffer;
  #key: Buffer;
  #counter = 0;

  constructor(pattern: Buffer, prologue: Buffer) {
    this.#hash = pattern;
    this.#chaining = pattern;
    this.#key = pattern;
    this.mixHash(prologue);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  mixKey(input: Uint8Array): void {
    [this.#chaining, this.#key] = expand(input, this.#chaining);
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

  split(): Transport {
    const [fromClient, toClient] = expand(EMPTY, this.#chaining);
    return new Transport(fromClient, toClient);
  }
}

/** The two ciphers after the handshake. Each box carries one frame's payload. */
export class Transport {
  #read = 0;
  #write = 0;

  constructor(
    readonly fromClient: Buffer,
    readonly toClient: Buffer,
  ) {}

  encrypt(plain: Uint8Array): Buffer {
    return seal(this.toClient, this.#write++, plain, EMPTY);
  }

  decrypt(box: Uint8Array): Buffer {
    return open(this.fromClient, this.#read++, box, EMPTY);
  }
}

/** What the network proves itself with. */
export interface ServerIdentity {
  staticKey: CurveKeyPair;
  certificateChain: Buffer;
}

/** The end of a handshake: who is there, what it said, and how to talk on. */
export interface HandshakeResult {
  clientStatic: Buffer;
  payload: Buffer;
  transport: Transport;
}

export type HandshakeStep =
  | { reply: Buffer; result?: HandshakeResult }
  | { reply?: undefined; result: HandshakeResult };

/** One handshake: give it the client's frames in order; it gives back what to answer and, at the end, the result. */
export class NoiseResponder {
  #state: SymmetricState | undefined;
  #ephemeral: CurveKeyPair;
  readonly #identity: ServerIdentity;
  readonly #prologue: Buffer;

  constructor(identity: ServerIdentity, prologue: Buffer, ephemeral: CurveKeyPair = newKeyPair()) {
    this.#identity = identity;
    this.#prologue = prologue;
    this.#ephemeral = ephemeral;
  }

  /** Throws when the frame is not a valid next step. */
  accept(frame: Buffer): HandshakeStep {
    const message = proto.HandshakeMessage.decode(frame);
    if (this.#state === undefined) return this.#hello(message.clientHello ?? undefined);
    return { result: this.#finish(this.#state, message.clientFinish ?? undefined) };
  }

  #hello(hello: proto.HandshakeMessage.IClientHello | undefined): HandshakeStep {
    const { ephemeral, static: clientStatic, payload } = hello ?? {};
    if (ephemeral?.length !== 32) throw new Error('the client hello has no ephemeral key');
    if (!clientStatic?.length || !payload?.length) return { reply: this.#answerXX(PATTERN_XX, ephemeral) };
    try {
      return this.#answerIK(ephemeral, clientStatic, payload);
    } catch {
      // The client pinned another static key: it starts over from the same hello under the fallback pattern.
      return { reply: this.#answerXX(PATTERN_XX_FALLBACK, ephemeral) };
    }
  }

  #answerXX(pattern: Buffer, clientEphemeral: Uint8Array): Buffer {
    const { staticKey, certificateChain } = this.#identity;
    const state = new SymmetricState(pattern, this.#prologue);
    state.mixHash(clientEphemeral);
    state.mixHash(this.#ephemeral.publicKey);
    state.mixKey(agree(this.#ephemeral.privateKey, clientEphemeral));
    const sealedStatic = state.encrypt(staticKey.publicKey);
    state.mixKey(agree(staticKey.privateKey, clientEphemeral));
    const sealedChain = state.encrypt(certificateChain);
    this.#state = state;
    return encodeServerHello({ ephemeral: this.#ephemeral.publicKey, static: sealedStatic, payload: sealedChain });
  }

  #answerIK(clientEphemeral: Uint8Array, sealedStatic: Uint8Array, sealedPayload: Uint8Array): HandshakeStep {
    const { staticKey, certificateChain } = this.#identity;
    const state = new SymmetricState(PATTERN_IK, this.#prologue);
    state.mixHash(staticKey.publicKey);
    state.mixHash(clientEphemeral);
    state.mixKey(agree(staticKey.privateKey, clientEphemeral));
    const clientStatic = state.decrypt(sealedStatic);
    state.mixKey(agree(staticKey.privateKey, clientStatic));
    const payload = state.decrypt(sealedPayload);
    state.mixHash(this.#ephemeral.publicKey);
    state.mixKey(agree(this.#ephemeral.privateKey, clientEphemeral));
    state.mixKey(agree(this.#ephemeral.privateKey, clientStatic));
    const reply = encodeServerHello({
      ephemeral: this.#ephemeral.publicKey,
      payload: state.encrypt(certificateChain),
    });
    return { reply, result: { clientStatic, payload, transport: state.split() } };
  }

  #finish(state: SymmetricState, finish: proto.HandshakeMessage.IClientFinish | undefined): HandshakeResult {
    if (!finish?.static?.length || !finish.payload?.length) throw new Error('the client finish is incomplete');
    const clientStatic = state.decrypt(finish.static);
    state.mixKey(agree(this.#ephemeral.privateKey, clientStatic));
    const payload = state.decrypt(finish.payload);
    return { clientStatic, payload, transport: state.split() };
  }
}

function encodeServerHello(serverHello: proto.HandshakeMessage.IServerHello): Buffer {
  return Buffer.from(proto.HandshakeMessage.encode({ serverHello }).finish());
}
