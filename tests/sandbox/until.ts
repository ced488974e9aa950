/** Waits until `probe` gives something truthy and returns it; fails with `what` after the deadline. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = 20_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + deadlineMs;
  let failure: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (isPresent(found)) return found;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause: failure });
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

function isPresent<T>(value: T): value is NonNullable<Exclude<T, false>> {
  return value !== undefined && value !== null && value !== false;
}
