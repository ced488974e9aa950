import { CliError } from '../cli-error.js';

const LONGEST = 200;

/** Refuses names that could not be told apart or do not fit on a screen. */
export function refuseBadName(name: string): void {
  if (name.trim() === '') throw new CliError('--name must not be blank.');
  if (name.length > LONGEST) throw new CliError(`--name must have at most ${LONGEST} characters.`);
}
