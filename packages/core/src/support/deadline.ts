import type { Clock } from './clock.js';

/** True when the work ended within the time, well or badly. It is not stopped; nobody hears of its failure. */
export async function endsWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  let cancel: () => void = () => {};
  const late = new Promise<boolean>((resolve) => {
    cancel = clock.after(ms, () => resolve(false));
  });
  const over = work.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([over, late]);
  cancel();
  return inTime;
}
