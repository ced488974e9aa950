/** Waiting that always ends. */

const STEP_MS = 25;

/** Resolves after the time, or at once when the signal says stop. In the background it does not keep the process alive. */
export function pause(ms: number, stop?: AbortSignal, keep: 'alive' | 'background' = 'alive'): Promise<void> {
  return new Promise((resolve) => {
    if (stop?.aborted === true) return resolve();
    const done = () => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (keep === 'background') timer.unref();
    stop?.addEventListener('abort', done);
  });
}

/** Asks again and again; false when the time is over or the signal says stop. */
export async function until(ms: number, holds: () => boolean | Promise<boolean>, stop?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + ms;
  for (;;) {
    if (await holds()) return true;
    if (stop?.aborted === true || performance.now() > deadline) return false;
    await pause(STEP_MS, stop);
  }
}
