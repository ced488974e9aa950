import { z } from 'zod';

/** The body of every answer that is not a success. `fields` only tells about refused values. */
export const ErrorBody = z
  .object({
    code: z.string().describe('Stable; switch on this.'),
    message: z.string().describe('What went wrong and what to do next, for people.'),
    status: z.int().describe('The HTTP status again.'),
    name: z.string().optional().describe('Only with VALIDATION_ERROR.'),
    fields: z
      .record(z.string(), z.object({ message: z.string(), value: z.string().optional() }))
      .optional()
      .describe('Refused values by their name. Only with VALIDATION_ERROR.'),
  })
  .meta({ id: 'ErrorBody' });
export type ErrorBody = z.infer<typeof ErrorBody>;

/** Codes that have one HTTP status each. The sandbox adds its own, such as QR_EXPIRED. */
export const ERROR_STATUS = {
  BAD_REQUEST_ERROR: 400,
  UNAUTHORIZED_ERROR: 401,
  NOT_FOUND_ERROR: 404,
  METHOD_NOT_ALLOWED_ERROR: 405,
  REQUEST_TIMEOUT_ERROR: 408,
  CONFLICT_ERROR: 409,
  PHONE_NOT_CONNECTED: 409,
  PAYLOAD_TOO_LARGE_ERROR: 413,
  UNSUPPORTED_MEDIA_TYPE_ERROR: 415,
  VALIDATION_ERROR: 422,
  RATE_LIMIT_ERROR: 429,
  HEADERS_TOO_LARGE_ERROR: 431,
  UNKNOWN_ERROR: 500,
  WHATSAPP_REFUSED: 502,
  UNAVAILABLE_ERROR: 503,
} as const;
export type ErrorCode = keyof typeof ERROR_STATUS;

/** The body of an error, with its keys in the order of the contract. */
export function errorBody(code: ErrorCode, message: string): ErrorBody {
  return { code, message, status: ERROR_STATUS[code] };
}

export type FieldErrors = NonNullable<ErrorBody['fields']>;

export function validationBody(message: string, fields: FieldErrors): ErrorBody {
  return { ...errorBody('VALIDATION_ERROR', message), name: 'Validation Error', fields };
}
