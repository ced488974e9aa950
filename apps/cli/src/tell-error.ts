import type { CliIo } from './cli-io.js';

/** Errors that already are one sentence for people. */
const TOLD = new Set(['CliError', 'CLIError', 'Invalid', 'NotFound', 'Conflict', 'EmbeddedFailure']);
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

/** One sentence on an error; with LOG_LEVEL=debug also where it came from. */
export function tellError(error: unknown, path: readonly string[], env: CliIo['env']): string {
  if (!(error instanceof Error)) return `trunkline: ${String(error)}`;
  const message = (error.message || error.name).replace(COLOURS, '');
  const hint = error.name === 'CLIError' ? ` See: trunkline ${[...path, '--help'].join(' ')}` : '';
  const told = TOLD.has(error.name) || env.LOG_LEVEL !== 'debug';
  return `trunkline: ${told ? `${message}${hint}` : error.stack}`;
}
