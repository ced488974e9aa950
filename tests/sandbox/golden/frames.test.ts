import { type BinaryNode, makeNoiseHandler } from 'baileys';
import { describe, expect, it } from 'vitest';
import { NoiseSession } from 'whatsapp-rust-bridge';
import { silentLogger } from '../clients/silent-logger.js';
import { curveKeys } from '../wire/curve.js';
import { FrameReader, frame } from '../wire/frames.js';
import { intro } from '../wire/noise.js';
import { fixedKeys } from './noise-vectors.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const hexOf = (data: Uint8Array) => Buffer.from(data).toString('hex');
const ephemeral = curveKeys(bytes(fixedKeys.clientEphemeral));
const routing = bytes('080808');
const payload = bytes('c0ffee');

const baileys = (routingInfo?: Buffer) =>
  makeNoiseHandler({
    keyPair: ephemeral,
    NOISE_HEADER: intro,
    logger: silentLogger,
    ...(routingInfo && { routingInfo }),
  });

describe('frames: three bytes of length, an intro once', () => {
  it('the first frame carries the intro, the second does not', () => {
    const handler = baileys();
    expect(hexOf(handler.encodeFrame(payload))).toBe('57410603000003c0ffee');
    expect(hexOf(handler.encodeFrame(payload))).toBe('000003c0ffee');
    using session = new NoiseSession(ephemeral.public, intro);
    expect(hexOf(session.encodeFrameRaw(payload))).toBe('57410603000003c0ffee');
    expect(hexOf(session.encodeFrameRaw(payload))).toBe('000003c0ffee');
    expect(hexOf(frame(payload))).toBe('000003c0ffee');
  });

  it('stored routing info goes before the intro', () => {
    const expected = '4544000100000308080857410603000003c0ffee';
    expect(hexOf(baileys(routing).encodeFrame(payload))).toBe(expected);
    using session = new NoiseSession(ephemeral.public, intro, routing);
    expect(hexOf(session.encodeFrameRaw(payload))).toBe(expected);
  });

  it('lengths need all three bytes', () => {
    expect(hexOf(frame(Buffer.alloc(70_000)).subarray(0, 3))).toBe('011170');
  });

  it.each([
    { name: 'split after each byte', pieces: ['00', '00', '03', 'c0', 'ff', 'ee', '00', '00', '01', 'aa'] },
    { name: 'merged into one piece', pieces: ['000003c0ffee000001aa'] },
    { name: 'cut inside the second length', pieces: ['000003c0ffee00', '0001aa'] },
  ])('a stream $name is the same two frames', async ({ pieces }) => {
    const reader = new FrameReader();
    expect(pieces.flatMap((piece) => reader.push(bytes(piece))).map(hexOf)).toEqual(['c0ffee', 'aa']);
    const handler = baileys();
    const seen: string[] = [];
    const take = (received: Uint8Array | BinaryNode) => {
      if (received instanceof Uint8Array) seen.push(hexOf(received));
    };
    for (const piece of pieces) await handler.decodeFrame(bytes(piece), take);
    expect(seen).toEqual(['c0ffee', 'aa']);
  });
});
