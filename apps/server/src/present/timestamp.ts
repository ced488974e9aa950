/** Times as the public contract writes them: ISO 8601, milliseconds, offset `+00:00`. */
export function timestamp(at: Date | number): string {
  return new Date(at).toISOString().replace('Z', '+00:00');
}

export function timestampOrNull(at: Date | number | null): string | null {
  return at === null ? null : timestamp(at);
}
