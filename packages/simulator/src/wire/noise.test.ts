import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { proto } from 'baileys/WAProto/index.js';
import { describe, expect, it } from 'vitest';
import { issueCertificateChain, sandboxRootPublicKey } from './certificate.js';
import { agree, type CurveKeyPair, keyPairFromSeed, newKeyPair, verify } from './curve.js';
import { NoiseResponder, type ServerIdentity, type Transport } from './noise.js';

const PROLOGUE = Buffer.from('57410603', 'hex');
const EMPTY = Buffer.alloc(0);

function nonce(counter: number): Buffer {
  const out = Buffer.alloc(12);
  out.writeUInt32BE(counter, 8);
  return out;
}

/** The client's side of the handshake, written from the specification and independently of the responder. */
class Initiator {
  private hash: Buffer;
  private chaining: Buffer;
  private key: Buffer;
  private counter = 0;

  constructor(name: string) {
    const bytes = Buffer.from(name);
    this.hash = bytes.length === 32 ? bytes : createHash('sha256').update(bytes).digest();
    this.chaining = this.hash;
    this.key = this.hash;
    this.mixHash(PROLOGUE);
  }

  mixHash(data: Uint8Array): this {
    this.hash = createHash('sha256')
      .update(Buffer.concat([this.hash, data]))
      .digest();
    return this;
  }

  mixKey(input: Uint8Array): this {
    const out = Buffer.from(hkdfSync('sha256', input, this.chaining, EMPTY, 64));
    this.chaining = out.subarray(0, 32);
    this.key = out.subarray(32);
    this.counter = 0;
    return this;
  }

  encrypt(plain: Uint8Array): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce(this.counter++)).setAAD(this.hash);
    const box = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    this.mixHash(box);
    return box;
  }

  decrypt(box: Uint8Array): Buffer {
    const cipher = createDecipheriv('aes-256-gcm', this.key, nonce(this.counter++)).setAAD(this.hash);
    cipher.setAuthTag(box.subarray(-16));
    const plain = Buffer.concat([cipher.update(box.subarray(0, -16)), cipher.final()]);
    this.mixHash(box);
    return plain;
  }

  split(): { toServer: Buffer; fromServer: Buffer } {
    const out = Buffer.from(hkdfSync('sha256', EMPTY, this.chaining, EMPTY, 64));
    return { toServer: out.subarray(0, 32), fromServer: out.subarray(32) };
  }
}

const staticKey = newKeyPair();
const identity: ServerIdentity = { staticKey, certificateChain: issueCertificateChain(staticKey.publicKey) };
const PAYLOAD = Buffer.from('who I am');

function hello(fields: proto.HandshakeMessage.IClientHello): Buffer {
  return Buffer.from(proto.HandshakeMessage.encode({ clientHello: fields }).finish());
}

function readReply(reply: Buffer | undefined): { ephemeral: Uint8Array; static?: Uint8Array; payload: Uint8Array } {
  const { serverHello } = proto.HandshakeMessage.decode(reply ?? EMPTY);
  if (!serverHello?.ephemeral || !serverHello.payload) throw new Error('no server hello');
  const { ephemeral, payload } = serverHello;
  return serverHello.static?.length ? { ephemeral, payload, static: serverHello.static } : { ephemeral, payload };
}

/** Goes on from a server hello with a static key in it, as in XX and its fallback. */
function finishXX(
  client: Initiator,
  responder: NoiseResponder,
  keys: { e: CurveKeyPair; s: CurveKeyPair },
  reply: Buffer,
) {
  const server = readReply(reply);
  client.mixHash(server.ephemeral).mixKey(agree(keys.e.privateKey, server.ephemeral));
  const serverStatic = client.decrypt(server.static ?? EMPTY);
  client.mixKey(agree(keys.e.privateKey, serverStatic));
  const chain = client.decrypt(server.payload);
  const sealedStatic = client.encrypt(keys.s.publicKey);
  client.mixKey(agree(keys.s.privateKey, server.ephemeral));
  const clientFinish = { static: sealedStatic, payload: client.encrypt(PAYLOAD) };
  const step = responder.accept(Buffer.from(proto.HandshakeMessage.encode({ clientFinish }).finish()));
  return { serverStatic, chain, result: step.result };
}

function expectToTalk(client: Initiator, transport: Transport): void {
  const { toServer, fromServer } = client.split();
  for (const counter of [0, 1, 2]) {
    const cipher = createCipheriv('aes-256-gcm', toServer, nonce(counter));
    const box = Buffer.concat([cipher.update('up'), cipher.final(), cipher.getAuthTag()]);
    expect(transport.decrypt(box).toString()).toBe('up');
    const down = transport.encrypt(Buffer.from('down'));
    const opener = createDecipheriv('aes-256-gcm', fromServer, nonce(counter)).setAuthTag(down.subarray(-16));
    expect(Buffer.concat([opener.update(down.subarray(0, -16)), opener.final()]).toString()).toBe('down');
  }
}

describe('the handshake', () => {
  it('in full: both learn the other, and talk', () => {
    const keys = { e: newKeyPair(), s: newKeyPair() };
    const responder = new NoiseResponder(identity, PROLOGUE);
    const client = new Initiator('Noise_XX_25519_AESGCM_SHA256\0\0\0\0').mixHash(keys.e.publicKey);
    const { reply } = responder.accept(hello({ ephemeral: keys.e.publicKey }));
    const { serverStatic, chain, result } = finishXX(client, responder, keys, reply ?? EMPTY);
    expect(serverStatic.equals(staticKey.publicKey)).toBe(true);
    expect(chain.equals(identity.certificateChain)).toBe(true);
    expect(result?.clientStatic.equals(keys.s.publicKey)).toBe(true);
    expect(result?.payload.equals(PAYLOAD)).toBe(true);
    if (result) expectToTalk(client, result.transport);
    expect(result).toBeDefined();
  });

  /** A hello that assumes to know the server's static key. */
  function resume(assumed: Buffer, keys: { e: CurveKeyPair; s: CurveKeyPair }) {
    const client = new Initiator('Noise_IK_25519_AESGCM_SHA256\0\0\0\0').mixHash(assumed).mixHash(keys.e.publicKey);
    client.mixKey(agree(keys.e.privateKey, assumed));
    const sealedStatic = client.encrypt(keys.s.publicKey);
    client.mixKey(agree(keys.s.privateKey, assumed));
    const responder = new NoiseResponder(identity, PROLOGUE);
    const sealed = { ephemeral: keys.e.publicKey, static: sealedStatic, payload: client.encrypt(PAYLOAD) };
    return { client, responder, step: responder.accept(hello(sealed)) };
  }

  it('resumed with the right key: done after one reply', () => {
    const keys = { e: newKeyPair(), s: newKeyPair() };
    const { client, step } = resume(staticKey.publicKey, keys);
    const server = readReply(step.reply);
    expect(server.static).toBeUndefined();
    client.mixHash(server.ephemeral).mixKey(agree(keys.e.privateKey, server.ephemeral));
    client.mixKey(agree(keys.s.privateKey, server.ephemeral));
    expect(client.decrypt(server.payload).equals(identity.certificateChain)).toBe(true);
    expect(step.result?.clientStatic.equals(keys.s.publicKey)).toBe(true);
    if (step.result) expectToTalk(client, step.result.transport);
  });

  it('resumed with an outdated key: starts over under the fallback pattern', () => {
    const keys = { e: newKeyPair(), s: newKeyPair() };
    const { responder, step } = resume(newKeyPair().publicKey, keys);
    expect(step.result).toBeUndefined();
    const client = new Initiator('Noise_XXfallback_25519_AESGCM_SHA256').mixHash(keys.e.publicKey);
    const { result } = finishXX(client, responder, keys, step.reply ?? EMPTY);
    expect(result?.payload.equals(PAYLOAD)).toBe(true);
    if (result) expectToTalk(client, result.transport);
  });

  it('refuses a finish under another key and a hello without one', () => {
    const responder = new NoiseResponder(identity, PROLOGUE);
    expect(() => responder.accept(hello({}))).toThrow('ephemeral');
    responder.accept(hello({ ephemeral: newKeyPair().publicKey }));
    const clientFinish = { static: Buffer.alloc(48), payload: Buffer.alloc(48) };
    expect(() => responder.accept(Buffer.from(proto.HandshakeMessage.encode({ clientFinish }).finish()))).toThrow();
  });
});

describe('the certificate chain', () => {
  const { Details } = proto.CertChain.NoiseCertificate;

  it('leads from the root to the static key, link by link', () => {
    const { intermediate, leaf } = proto.CertChain.decode(identity.certificateChain);
    const upper = Details.decode(intermediate?.details ?? EMPTY);
    const lower = Details.decode(leaf?.details ?? EMPTY);
    expect(verify(sandboxRootPublicKey, intermediate?.details ?? EMPTY, intermediate?.signature ?? EMPTY)).toBe(true);
    expect(verify(upper.key ?? EMPTY, leaf?.details ?? EMPTY, leaf?.signature ?? EMPTY)).toBe(true);
    expect([upper.issuerSerial, lower.issuerSerial]).toEqual([0, upper.serial]);
    expect(staticKey.publicKey.equals(lower.key ?? EMPTY)).toBe(true);
    expect(verify(newKeyPair().publicKey, intermediate?.details ?? EMPTY, intermediate?.signature ?? EMPTY)).toBe(
      false,
    );
  });

  it('has the same root in every process', () => {
    expect(sandboxRootPublicKey).toHaveLength(32);
    expect(keyPairFromSeed('a').publicKey.equals(keyPairFromSeed('a').publicKey)).toBe(true);
    expect(keyPairFromSeed('a').publicKey.equals(keyPairFromSeed('b').publicKey)).toBe(false);
  });
});
