/** Refusals of the control API. The status of each code is decided here and nowhere else. */

const STATUS = {
  UNAUTHORIZED_ERROR: 401,
  NOT_FOUND_ERROR: 404,
  VALIDATION_ERROR: 422,
  CONFLICT: 409,
  QR_EXPIRED: 409,
  WRONG_CODE: 409,
  INVALID_JSON: 400,
  TOO_LARGE: 413,
} as const;

export type ControlErrorCode = keyof typeof STATUS;

export type FieldErrors = Record<string, { message: string }>;

export class ControlError extends Error {
  constructor(
    readonly code: ControlErrorCode,
    message: string,
    readonly fields?: FieldErrors,
  ) {
    super(message);
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** The body a caller gets. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      status: this.status,
      ...(this.fields === undefined ? {} : { name: 'Validation Error', fields: this.fields }),
    };
  }
}

export function notFound(what: string): ControlError {
  return new ControlError('NOT_FOUND_ERROR', `${what} not found`);
}
