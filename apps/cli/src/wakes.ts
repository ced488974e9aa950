/**
 * Yields at once and then whenever `watch` calls back, until `signal` aborts. Calls that come while the consumer is busy
 * become one.
 */
export async function* wakes(watch: (onWake: () => void) => () => void, signal: AbortSignal): AsyncGenerator<void> {
  let due = true;
  let wake = () => {};
  const notice = () => {
    due = true;
    wake();
  };
  const stop = watch(notice);
  signal.addEventListener('abort', notice);
  try {
    while (!signal.aborted) {
      if (due) {
        due = false;
        yield;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', notice);
    stop();
  }
}
