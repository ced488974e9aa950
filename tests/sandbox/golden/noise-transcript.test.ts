import { type BinaryNode, makeNoiseHandler, proto, WA_CERT_DETAILS } from 'baileys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NoiseSession } from 'whatsapp-rust-bridge';
import { verifyNoiseCertificateChain, WaNoiseHandshake } from 'zapo-js/transport';
import { NoiseResponder } from '../../../packages/simulator/src/wire/noise.js';
import { silentLogger } from '../clients/silent-logger.js';
import { checkCertificate } from '../wire/certificate.js';
import { agree, type CurveKeys, curveKeys } from '../wire/curve.js';
import { frame } from '../wire/frames.js';
import { decodeHandshake } from '../wire/handshake-message.js';
import { finishIK, finishXX, helloIK, helloXX, intro, patterns } from '../wire/noise.js';
import { certificateChain, fallback, firstPlain, fixedKeys, fixedPayload, full, resumption } from './noise-vectors.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hexOf = (data: Uint8Array) => Buffer.from(data).toString('hex');
const keys = (name: keyof typeof fixedKeys) => curveKeys(bytes(fixedKeys[name]));
const self = { ephemeral: keys('clientEphemeral'), noise: keys('clientNoise'), payload: fixedPayload };

describe('noise transcript: fixed keys give fixed bytes', () => {
  it.each([
    { name: 'the full pattern', pattern: patterns.XX, vector: full },
    { name: 'the fallback', pattern: patterns.XXfallback, vector: fallback },
  ])('the test initiator speaks $name', ({ pattern, vector }) => {
    expect(hexOf(helloXX(self))).toBe(vector.clientHello);
    const greeted = finishXX(self, decodeHandshake('serverHello', bytes(vector.serverHello)), pattern);
    expect(hexOf(greeted.finish ?? Buffer.alloc(0))).toBe(vector.clientFinish);
    expect(hexOf(greeted.certificate)).toBe(certificateChain);
    expect(hexOf(greeted.transport.encrypt(bytes(firstPlain)))).toBe(vector.firstSent);
    expect(hexOf(greeted.transport.decrypt(bytes(vector.firstReceived)))).toBe(firstPlain);
  });

  it('the test initiator speaks the resumption', () => {
    const serverStatic = keys('serverStatic').public;
    const { hello, state } = helloIK(self, serverStatic);
    expect(hexOf(hello)).toBe(resumption.clientHello);
    const greeted = finishIK(self, state, serverStatic, decodeHandshake('serverHello', bytes(resumption.serverHello)));
    expect(hexOf(greeted.certificate)).toBe(certificateChain);
    expect(hexOf(greeted.transport.encrypt(bytes(firstPlain)))).toBe(resumption.firstSent);
    expect(hexOf(greeted.transport.decrypt(bytes(resumption.firstReceived)))).toBe(firstPlain);
  });
});

describe('noise transcript: the sandbox answers with the same bytes', () => {
  const sandboxPair = ({ public: publicKey, private: privateKey }: CurveKeys) => ({ publicKey, privateKey });
  const responder = (staticKey: CurveKeys) => {
    const identity = { staticKey: sandboxPair(staticKey), certificateChain: bytes(certificateChain) };
    return new NoiseResponder(identity, intro, sandboxPair(keys('serverEphemeral')));
  };

  it('to a full handshake, after which the keys fit', () => {
    const server = responder(keys('serverStatic'));
    expect(hexOf(server.accept(bytes(full.clientHello)).reply ?? Buffer.alloc(0))).toBe(full.serverHello);
    const { result } = server.accept(bytes(full.clientFinish));
    expect(result?.clientStatic).toEqual(keys('clientNoise').public);
    expect(result?.payload).toEqual(fixedPayload);
    expect(hexOf(result?.transport.decrypt(bytes(full.firstSent)) ?? Buffer.alloc(0))).toBe(firstPlain);
    expect(hexOf(result?.transport.encrypt(bytes(firstPlain)) ?? Buffer.alloc(0))).toBe(full.firstReceived);
  });

  it('to a resumption', () => {
    const { reply, result } = responder(keys('serverStatic')).accept(bytes(resumption.clientHello));
    expect(hexOf(reply ?? Buffer.alloc(0))).toBe(resumption.serverHello);
    expect(result?.clientStatic).toEqual(keys('clientNoise').public);
    expect(hexOf(result?.transport.decrypt(bytes(resumption.firstSent)) ?? Buffer.alloc(0))).toBe(firstPlain);
  });

  it('to a resumption towards another server, with the fallback', () => {
    const server = responder(keys('serverStatic'));
    const { hello } = helloIK(self, keys('root').public);
    expect(hexOf(server.accept(hello).reply ?? Buffer.alloc(0))).toBe(fallback.serverHello);
    const { result } = server.accept(bytes(fallback.clientFinish));
    expect(hexOf(result?.transport.decrypt(bytes(fallback.firstSent)) ?? Buffer.alloc(0))).toBe(firstPlain);
  });
});

describe('noise transcript: the libraries write the same bytes', () => {
  const realRoot = WA_CERT_DETAILS.PUBLIC_KEY;
  beforeEach(() => {
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(keys('root').public);
  });
  afterEach(() => {
    WA_CERT_DETAILS.PUBLIC_KEY = realRoot;
  });

  it('baileys', async () => {
    const handler = makeNoiseHandler({ keyPair: self.ephemeral, NOISE_HEADER: intro, logger: silentLogger });
    expect(hexOf(handler.encodeFrame(bytes(full.clientHello)))).toBe(
      hexOf(intro) + hexOf(frame(bytes(full.clientHello))),
    );
    const hello = proto.HandshakeMessage.decode(bytes(full.serverHello));
    const sealedStatic = handler.processHandshake(hello, self.noise);
    const finish = proto.HandshakeMessage.encode({
      clientFinish: { static: sealedStatic, payload: handler.encrypt(fixedPayload) },
    }).finish();
    expect(hexOf(finish)).toBe(full.clientFinish);
    await handler.finishInit();
    expect(hexOf(handler.encodeFrame(bytes(firstPlain)))).toBe(hexOf(frame(bytes(full.firstSent))));
    const seen: (Uint8Array | BinaryNode)[] = [];
    await handler.decodeFrame(frame(bytes(full.firstReceived)), (received) => seen.push(received));
    expect(seen).toMatchObject([{ tag: 'iq', attrs: { xmlns: 'w:p' } }]);
  });

  it('the Rust bridge', () => {
    using session = new NoiseSession(self.ephemeral.public, intro);
    const hello = decodeHandshake('serverHello', bytes(full.serverHello));
    if (!hello.ephemeral || !hello.static || !hello.payload) throw new Error('the vector is incomplete');
    const chain = session.processHandshakeInit(hello.ephemeral, hello.static, hello.payload, self.ephemeral.private);
    expect(hexOf(chain)).toBe(certificateChain);
    const sealed = session.processHandshakeFinish(self.noise.public, self.noise.private, hello.ephemeral);
    expect(full.clientFinish).toContain(hexOf(sealed));
    expect(full.clientFinish).toContain(hexOf(session.encrypt(fixedPayload)));
  });

  it.each([
    { name: 'full', pattern: patterns.XX, vector: full },
    { name: 'fallback', pattern: patterns.XXfallback, vector: fallback },
  ])('zapo, $name', async ({ pattern, vector }) => {
    const hello = decodeHandshake('serverHello', bytes(vector.serverHello));
    if (!hello.ephemeral || !hello.static || !hello.payload) throw new Error('the vector is incomplete');
    const state = new WaNoiseHandshake();
    await state.start(pattern, intro);
    await state.authenticate(self.ephemeral.public);
    await state.authenticate(hello.ephemeral);
    await state.mixIntoKey(agree(self.ephemeral.private, hello.ephemeral));
    const serverStatic = await state.decrypt(hello.static);
    await state.mixIntoKey(agree(self.ephemeral.private, serverStatic));
    expect(hexOf(await state.decrypt(hello.payload))).toBe(certificateChain);
    expect(vector.clientFinish).toContain(hexOf(await state.encrypt(self.noise.public)));
    await state.mixIntoKey(agree(self.noise.private, hello.ephemeral));
    expect(vector.clientFinish).toContain(hexOf(await state.encrypt(fixedPayload)));
    const socket = await state.finish();
    expect(hexOf(await socket.encrypt(socket.reserveWriteNonce(), bytes(firstPlain)))).toBe(vector.firstSent);
  });
});

describe('certificate chain', () => {
  const serverStatic = keys('serverStatic').public;
  const zapoRoot = (publicKey: Uint8Array) => ({ publicKey, serial: 0 });

  it('is accepted under its root by both strict checkers', async () => {
    checkCertificate(bytes(certificateChain), keys('root').public, serverStatic);
    await verifyNoiseCertificateChain(bytes(certificateChain), serverStatic, zapoRoot(keys('root').public));
  });

  it('is refused under another root, for another server key, and with a broken signature', async () => {
    const broken = bytes(certificateChain);
    broken[broken.length - 3] = (broken.at(-3) ?? 0) ^ 1;
    const other = keys('clientNoise').public;
    for (const [chain, root, server] of [
      [bytes(certificateChain), other, serverStatic],
      [bytes(certificateChain), keys('root').public, other],
      [broken, keys('root').public, serverStatic],
    ] as const) {
      expect(() => checkCertificate(chain, root, server)).toThrow();
      await expect(verifyNoiseCertificateChain(chain, server, zapoRoot(root))).rejects.toThrow();
    }
  });
});
