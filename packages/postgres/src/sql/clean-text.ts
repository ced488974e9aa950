/** Text from outside may hold what PostgreSQL cannot store: the zero character and halves of surrogate pairs. */

const ZERO_OR_HALF = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** The text with such characters replaced, so that a hostile name or message cannot make a write fail for ever. */
export function cleanText<T extends string | null>(text: T): T | string {
  return text === null ? text : text.replace(ZERO_OR_HALF, '\uFFFD');
}

/** JSON that `jsonb` takes. */
export function cleanJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? cleanText(part) : part));
}
