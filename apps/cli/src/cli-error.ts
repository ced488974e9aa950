/** A mistake of the caller or a state of the world: one sentence is all there is to say. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
