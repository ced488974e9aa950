/** Polls until the condition gives a value that is neither null, undefined nor false; fails with the last reason after the deadline. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 20_000,
  everyMs = 25,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  let last: unknown = 'no value';
  for (;;) {
    try {
      const value = await look();
      if (value !== null && value !== undefined && value !== false) return value;
      last = 'no value';
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${limitMs} ms (${last instanceof Error ? last.message : String(last)})`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
