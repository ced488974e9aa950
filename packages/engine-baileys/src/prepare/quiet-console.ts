/**
 * libsignal prints whole sessions with `console.info`: root key, chain keys, private ratchet keys. What a dependency
 * prints is therefore dropped; our own code logs through `Log`, and its console stays as it is.
 */
const METHODS = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;
const DEPENDENCY = /[\\/]node_modules[\\/](?!\.bin)/;

let dropped = 0;
let isQuiet = false;

/** How many lines of dependencies were dropped so far, for a metric. */
export function consoleLinesDropped(): number {
  return dropped;
}

export function quietLibraryConsole(): void {
  if (isQuiet) return;
  isQuiet = true;
  for (const method of METHODS) {
    const print = console[method];
    console[method] = function quiet(...args: unknown[]): void {
      if (DEPENDENCY.test(caller(quiet))) dropped += 1;
      else Reflect.apply(print, console, args);
    };
  }
}

/** Where the console was called from: the first line of the stack above `below`. */
function caller(below: (...args: unknown[]) => void): string {
  const limit = Error.stackTraceLimit;
  const place: { stack?: string } = {};
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(place, below);
  Error.stackTraceLimit = limit;
  return place.stack ?? '';
}
