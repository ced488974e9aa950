import { ERROR_STATUS, type ErrorBody, type ErrorCode, errorBody, validationBody } from '@trunkline/api';
import {
  Conflict,
  EngineRefused,
  Invalid,
  LeaseLost,
  NotFound,
  PhoneNotRunning,
  StoreUnavailable,
} from '@trunkline/core';
import { EgressRefused } from '../egress/egress-refused.js';
import { HttpError } from './http-error.js';

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;
  /** Ours to repair: worth a line in the log. */
  readonly isFault: boolean;
}

/** The one table from errors to HTTP. Whatever is not in it is a fault of ours, and tells the caller nothing. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof HttpError) {
    const { code, message, more } = error;
    const body = code === 'VALIDATION_ERROR' ? validationBody(message, more.fields ?? {}) : errorBody(code, message);
    return answer(body, more.headers);
  }
  if (error instanceof Invalid) return answer(validationBody(error.message, { ...error.fields }));
  if (error instanceof NotFound) return plain('NOT_FOUND_ERROR', error);
  if (error instanceof PhoneNotRunning) return plain('PHONE_NOT_CONNECTED', error);
  if (error instanceof Conflict) return plain('CONFLICT_ERROR', error);
  if (error instanceof EngineRefused) return plain('WHATSAPP_REFUSED', error);
  if (error instanceof EgressRefused) return answer(validationBody(error.message, {}));
  if (error instanceof LeaseLost) {
    return answer(
      errorBody('UNAVAILABLE_ERROR', 'The phone is moving to another worker. Try again in a moment.'),
      RETRY,
    );
  }
  if (error instanceof StoreUnavailable) {
    return answer(errorBody('UNAVAILABLE_ERROR', 'The database does not answer. Try again in a moment.'), RETRY, true);
  }
  return ofFastify(error) ?? answer(errorBody('UNKNOWN_ERROR', 'Internal server error'), {}, true);
}

const RETRY = { 'retry-after': '2' };

const FASTIFY_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['BAD_REQUEST_ERROR', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BAD_REQUEST_ERROR', 'The body is empty.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BAD_REQUEST_ERROR', 'The body is not as long as Content-Length says.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE_ERROR', 'The body is too large.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE_ERROR', 'Send the body as application/json.'],
  FST_ERR_BAD_URL: ['NOT_FOUND_ERROR', 'The path cannot be read.'],
  FST_ERR_MAX_PARAM_LENGTH: ['NOT_FOUND_ERROR', 'The path is too long.'],
};

function ofFastify(error: unknown): ErrorAnswer | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const [code, message] = FASTIFY_CODES[String(error.code)] ?? [];
  return code === undefined || message === undefined ? null : answer(errorBody(code, message));
}

function plain(code: ErrorCode, error: Error): ErrorAnswer {
  return answer(errorBody(code, sentence(error.message)));
}

function answer(body: ErrorBody, headers: Readonly<Record<string, string>> = {}, isFault = false): ErrorAnswer {
  return { status: body.status, body, headers, isFault };
}

/** Messages of the domain begin small, as Go and Rust do; people read them as sentences. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Answers to what Node refuses before there is a request: as raw bytes, because nothing else is left. */
export function rawErrorAnswer(nodeCode: string | undefined): string {
  const [code, message]: readonly [ErrorCode, string] =
    nodeCode === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['REQUEST_TIMEOUT_ERROR', 'The request did not arrive in time.']
      : nodeCode === 'HPE_HEADER_OVERFLOW'
        ? ['HEADERS_TOO_LARGE_ERROR', 'The headers are too large.']
        : ['BAD_REQUEST_ERROR', 'The request is not valid HTTP.'];
  const body = JSON.stringify(errorBody(code, message));
  return [
    `HTTP/1.1 ${ERROR_STATUS[code]} ${code}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
