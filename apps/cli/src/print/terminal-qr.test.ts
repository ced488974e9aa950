import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { terminalQr } from './terminal-qr.js';

const BORDER = 2;
const code = '2@hJtQ0Yw3cGrQ4r0Cqv1Y2Nf7mEo0bM1pQ==,KxV0bK7u3mFhW1yZ,Zm9vYmFyYmF6cXV4,cXV1eGNvcmdl,1';

/** Reads the half blocks back into modules: a drawn half is light. */
function modulesOf(drawing: string): boolean[][] {
  return drawing.split('\n').flatMap((line) => {
    const cells = Array.from(line);
    return [cells.map((cell) => !'█▀'.includes(cell)), cells.map((cell) => !'█▄'.includes(cell))];
  });
}

describe('the QR code in the terminal', () => {
  it('has exactly the modules of the code, dark on light, inside a quiet border', () => {
    const expected = encode(code, { border: BORDER }).data;
    const drawn = modulesOf(terminalQr(code, false)).slice(0, expected.length);
    expect(drawn).toEqual(expected);
  });

  it('brings its own colours to a terminal, so that a light scheme does not invert it', () => {
    const esc = String.fromCharCode(27);
    const coloured = terminalQr(code, true);
    for (const line of coloured.split('\n')) {
      expect(line.startsWith(`${esc}[97;40m`) && line.endsWith(`${esc}[0m`)).toBe(true);
    }
    expect(coloured.replaceAll(`${esc}[97;40m`, '').replaceAll(`${esc}[0m`, '')).toBe(terminalQr(code, false));
  });
});
