import { renderUnicodeCompact } from 'uqr';

/** White paper in any colour scheme: the blocks are the light modules, so they need a bright pen on black. */
const PEN = '\u001b[97;40m';
const PLAIN = '\u001b[0m';
const CLEAR = '\u001b[2J\u001b[H';

/** Draws a QR code with half blocks, two modules a character high. */
export function terminalQr(code: string, isTerminal: boolean): string {
  const lines = renderUnicodeCompact(code, { border: 2 }).split('\n');
  return isTerminal ? lines.map((line) => `${PEN}${line}${PLAIN}`).join('\n') : lines.join('\n');
}

/** Draws over what the terminal showed before. */
export function redrawnQr(code: string, isTerminal: boolean): string {
  return `${isTerminal ? CLEAR : ''}${terminalQr(code, isTerminal)}`;
}
