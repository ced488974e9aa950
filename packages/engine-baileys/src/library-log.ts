import type { Log } from '@trunkline/core';

/** What the library wants of a logger. */
export interface LibraryLog {
  level: string;
  child(fields: Record<string, unknown>): LibraryLog;
  trace(fields: unknown, message?: string): void;
  debug(fields: unknown, message?: string): void;
  info(fields: unknown, message?: string): void;
  warn(fields: unknown, message?: string): void;
  error(fields: unknown, message?: string): void;
}

/**
 * The library logs whole stanzas, handshakes and credentials. Only its warnings and errors pass, and of those only
 * the text, known harmless fields and the message of an error, with everything that may be key material masked.
 */
export function libraryLog(log: Log): LibraryLog {
  const adapter: LibraryLog = {
    level: 'warn',
    child: () => adapter,
    trace: drop,
    debug: drop,
    info: drop,
    warn: (fields, message) => log.debug(line(fields, message), harmless(fields)),
    error: (fields, message) => log.warn(line(fields, message), harmless(fields)),
  };
  return adapter;
}

function drop(): void {}

const HARMLESS = ['msgId', 'retryCount', 'count', 'statusCode', 'reason', 'attempt', 'version', 'action', 'opName'];
const ERRORS = ['err', 'error', 'e', 'ackErr'];

function line(fields: unknown, message: string | undefined): string {
  return `whatsapp library: ${mask(message ?? (typeof fields === 'string' ? fields : 'no message'))}`;
}

function harmless(fields: unknown): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  if (typeof fields !== 'object' || fields === null) return kept;
  for (const [name, value] of Object.entries(fields)) {
    if (ERRORS.includes(name)) kept.error = mask(value instanceof Error ? value.message : firstLine(String(value)));
    else if (HARMLESS.includes(name) && typeof value !== 'object') kept[name] = mask(String(value));
  }
  return kept;
}

/** The library also logs stacks as texts. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** Masks what could be a key, a token or a signature: long runs of base64 or hex, and bytes printed as numbers. */
export function mask(text: string): string {
  return text
    .slice(0, 300)
    .replace(/[A-Za-z0-9+/_-]{24,}={0,2}/g, '[masked]')
    .replace(/(\d{1,3},\s*){8,}\d{0,3}/g, '[masked]');
}
