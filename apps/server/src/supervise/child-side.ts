/** The child's end of the private channel to its supervisor. */
export interface ChildSide<Init, Ready> {
  readonly init: Init;
  ready(ready: Ready): void;
  tell(message: { readonly kind: string } & Readonly<Record<string, unknown>>): void;
  /** Calls back once: the supervisor asked us to stop, a signal came, or the supervisor is gone. */
  onStop(stop: (why: 'asked' | 'signal' | 'orphaned') => void): void;
}

/** Waits for the first message of the supervisor. A child without a supervisor ends. */
export async function connectToSupervisor<Init, Ready>(): Promise<ChildSide<Init, Ready>> {
  if (process.send === undefined) throw new Error('this process is started by the server, not by hand');
  if (!process.connected) process.exit(0);
  let begun = false;
  let stopped: 'asked' | 'signal' | 'orphaned' | null = null;
  let listener: ((why: 'asked' | 'signal' | 'orphaned') => void) | null = null;
  const stop = (why: 'asked' | 'signal' | 'orphaned') => {
    if (stopped !== null) return;
    // Nothing was begun, so there is nothing to hand back.
    if (!begun) process.exit(0);
    stopped = why;
    listener?.(why);
  };
  const init = await new Promise<Init>((resolve) => {
    process.on('message', (message: { kind?: string; init?: Init }) => {
      if (message.kind === 'init') {
        begun = true;
        resolve(message.init as Init);
      }
      if (message.kind === 'stop') stop('asked');
    });
    process.once('disconnect', () => stop('orphaned'));
    // Ctrl-C reaches the whole process group; the supervisor decides the order of stopping, so we wait for its word.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => stop('signal'));
  });
  const send = (message: object) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  return {
    init,
    ready: (ready) => send({ kind: 'ready', ready }),
    tell: send,
    onStop(run) {
      listener = run;
      if (stopped !== null) run(stopped);
    },
  };
}
