import type { FieldErrors } from '@trunkline/api';
import type { z } from 'zod';
import { HttpError } from './http-error.js';

const MOST_FIELDS = 20;
const LONGEST_VALUE = 100;

/** The parsed input of a route; throws the 422 that names every refused value by its bare key. */
export function checkInput<S extends z.ZodType>(
  schema: S | undefined,
  input: unknown,
  place: 'body' | 'query',
): z.output<S> {
  // A route without a schema takes no such input, and whatever came is ignored.
  if (schema === undefined) return undefined as z.output<S>;
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const fields: FieldErrors = {};
  for (const issue of result.error.issues.slice(0, MOST_FIELDS)) {
    const name = issue.path.join('.') || place;
    fields[name] ??= { message: issue.message, ...(place === 'query' && { value: givenValue(input, name) }) };
  }
  const [[name, first] = ['', { message: '' }]] = Object.entries(fields);
  const text = /^[A-Z]/.test(first.message) ? first.message : `${name} ${first.message}`;
  throw new HttpError('VALIDATION_ERROR', place === 'body' ? `Invalid body. ${text}` : text, { fields });
}

/** The offending text, as the caller wrote it. */
function givenValue(input: unknown, name: string): string {
  const value = typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined;
  return String(value ?? '').slice(0, LONGEST_VALUE);
}
