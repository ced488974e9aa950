import type { ErrorCode, FieldErrors } from '@trunkline/api';

/** An answer that is not a success, thrown from wherever it is found out. */
export class HttpError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly more: { readonly fields?: FieldErrors; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'HttpError';
  }
}
