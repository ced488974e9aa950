/** Satisfies the logger of both libraries and says nothing, except to a developer who asks for it. */
type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

const speak = (level: Level) => (first: unknown, second?: unknown) => {
  if (process.env.SANDBOX_CLIENT_LOG === level || process.env.SANDBOX_CLIENT_LOG === 'all')
    process.stderr.write(`${level} ${show(first)} ${show(second)}\n`);
};

function show(part: unknown): string {
  if (part === undefined) return '';
  return typeof part === 'string'
    ? part
    : JSON.stringify(part, (_key, value) => (value instanceof Error ? value.stack : value));
}

export const silentLogger = {
  level: 'warn' as const,
  child: () => silentLogger,
  trace: speak('trace'),
  debug: speak('debug'),
  info: speak('info'),
  warn: speak('warn'),
  error: speak('error'),
};
