import { CliError } from '../cli-error.js';

const UNIT_MS = { h: 3_600_000, d: 86_400_000 } as const;

/** Reads when a key expires: `90d`, `12h`, or a date that has not passed. */
export function parseExpiry(text: string, now: number): Date {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 'h' || unit === 'd')) return new Date(now + Number(count) * UNIT_MS[unit]);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new CliError('--expires must be like 90d, 12h, 2030-01-31 or 2030-01-31T12:00:00Z.');
  if (at <= now) throw new CliError('--expires must lie in the future.');
  return new Date(at);
}
