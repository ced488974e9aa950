/** What must never reach a log: by the name of its field, or by its shape inside any text. */

const SECRET_NAMES = new Set(
  [
    'authorization',
    'cookie',
    'token',
    'apiKey',
    'qrCode',
    'pairingCode',
    'password',
    'passphrase',
    'secret',
    'masterKey',
    'masterKeyBase64',
    'secretAccessKey',
    'creds',
    'credentials',
    'keys',
    'privKey',
    'privateKey',
    'private',
    // Words of people.
    'text',
    'caption',
    'plaintext',
  ].map(plain),
);

const SECRET_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\btl_[0-9A-Za-z]{20,}/g, 'tl_[removed]'],
  [/\b(Bearer|Basic)\s+[^\s"',]+/gi, '$1 [removed]'],
  [/(\w:\/\/[^\s:/@]*):[^\s@/]+@/g, '$1:[removed]@'],
  // The string of a QR code, or anything else that is long and random.
  [/[A-Za-z0-9+/=@,_-]{120,}/g, '[removed]'],
];

const MOST_DEPTH = 5;
const MOST_ITEMS = 50;
const MOST_TEXT = 2_000;
const REMOVED = '[removed]';

/** A copy of the fields that is safe to write and bounded in size. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MOST_DEPTH) return '[deep]';
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => redact(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MOST_ITEMS)
      .map(([name, inner]) => [
        name,
        SECRET_NAMES.has(plain(name)) && inner != null ? REMOVED : redact(inner, depth + 1),
      ]),
  );
}

export function redactText(text: string): string {
  let safe = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
  for (const [shape, instead] of SECRET_SHAPES) safe = safe.replace(shape, instead);
  return safe;
}

/** The useful part of an error. Other properties may hold whatever the thrower had in hand, so they stay out. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: redactText(error.message),
    ...('code' in error && { code: redact(error.code, depth + 1) }),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
  };
}

/** `api_key`, `apiKey` and `API-KEY` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
