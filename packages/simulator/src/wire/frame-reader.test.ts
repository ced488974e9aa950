import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, frame } from './frame-reader.js';

const PROLOGUE = Buffer.from('57410603', 'hex');
const ROUTING = Buffer.from('45440001000003080808', 'hex');

/** Cuts bytes at the given places, in any order. */
function cutAt(data: Buffer, places: number[]): Buffer[] {
  const cuts = [...new Set([0, ...places.map((place) => place % (data.length + 1)), data.length])].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((end, at) => data.subarray(cuts[at], end));
}

describe('the frame reader', () => {
  it('yields the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.boolean(),
        (payloads, places, routed) => {
          const stream = Buffer.concat([...(routed ? [ROUTING] : []), PROLOGUE, ...payloads.map(frame)]);
          const reader = new FrameReader();
          const frames = cutAt(stream, places).flatMap((piece) => reader.push(Buffer.from(piece)));
          expect(frames.map((found) => found.toString('hex'))).toEqual(
            payloads.map((payload) => Buffer.from(payload).toString('hex')),
          );
          expect(reader.intro?.prologue.equals(PROLOGUE)).toBe(true);
          expect(reader.intro?.routingInfo?.toString('hex')).toBe(routed ? '080808' : undefined);
        },
      ),
    );
  });

  it('waits for an intro that comes byte by byte', () => {
    const reader = new FrameReader();
    for (const value of ROUTING) expect(reader.push(Buffer.from([value]))).toEqual([]);
    expect(reader.intro).toBeUndefined();
    expect(reader.push(Buffer.concat([PROLOGUE, frame(Buffer.from('x'))]))).toEqual([Buffer.from('x')]);
  });

  it('refuses a stream that begins like something else', () => {
    expect(() => new FrameReader().push(Buffer.from('GET / HTTP/1.1'))).toThrow('intro');
  });
});
