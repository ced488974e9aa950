import type { CliIo } from './cli-io.js';

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

/** One sentence on an error; with LOG_LEVEL=debug also where it came from. */
export function tellError(error: unknown, path: readonly string[], env: CliIo['env']): string {
  if (!(error instanceof Error)) return `trunkline: ${String(error)}`;
  if (env.LOG_LEVEL === 'debug') return `trunkline: ${error.stack ?? error.message}`;
  const message = (error.message || error.name).replace(COLOURS, '');
  // Mistakes that the parser of the command line found.
  const hint = error.name === 'CLIError' ? ` See: trunkline ${[...path, '--help'].join(' ')}` : '';
  return `trunkline: ${message}${hint}`;
}
