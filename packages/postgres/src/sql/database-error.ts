/** Reads errors of the driver: which ones mean "not now", and which parts of them must not be shown. */
import { StoreUnavailable } from '@trunkline/core';

/** Network errors, server going down or coming up, resources exhausted, statement or lock timeout. */
const NOT_NOW_CODE =
  /^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08...|53...|57014|57P0[123]|55P03|58030)$/;
const NOT_NOW_MESSAGE =
  /^(Connection terminated|Query read timeout|timeout e(xceeded|xpired)|Client (has encountered|was closed)|Cannot use a pool|write after end|This socket has been ended)/i;
const RETRY_CODE = /^(40001|40P01)$/;

export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(errorMessage).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** The database is away or cannot take this now; nothing is wrong with the statement. */
export function isNotNow(error: unknown): boolean {
  return error instanceof Error && (NOT_NOW_CODE.test(errorCode(error) ?? '') || NOT_NOW_MESSAGE.test(error.message));
}

/** The connection failed before the server could take a statement, or the server refused it as not ready. */
export function isRefusedForNow(error: unknown): boolean {
  return isNotNow(error) && errorCode(error) !== '57014';
}

/** The transaction lost against another one and may simply be run again. */
export function isSerializationLoss(error: unknown): boolean {
  return RETRY_CODE.test(errorCode(error) ?? '');
}

/** Turns a driver error into one that is safe to log and says whether to come back later. */
export function translateError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  // `detail` and `where` may quote whole rows.
  if ('detail' in error) error.detail = undefined;
  if ('where' in error) error.where = undefined;
  if (!isNotNow(error)) return error;
  return new StoreUnavailable(`the database cannot answer now (${errorMessage(error)}); try again later`, {
    cause: error,
  });
}
