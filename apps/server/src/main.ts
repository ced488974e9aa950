/** Entry of the program: reads the configuration, starts what its role says, and stops on Ctrl-C or SIGTERM. */
import { DomainError } from '@trunkline/core';
import { ConfigErrors, readConfig } from './config/config.js';
import { startServer } from './start-server.js';

const TWICE_MEANS_NOW_MS = 1_000;
/** Longer than everything that stops in order may take; a stop that hangs helps nobody. */
const STOP_LIMIT_MS = 40_000;

try {
  const server = await startServer(readConfig(process.env));
  let stopping: Promise<void> | null = null;
  let askedAt = 0;
  const stop = (signal: NodeJS.Signals) => {
    // A terminal and npm both pass Ctrl-C on, so the same wish arrives twice within moments; a later one means now.
    if (stopping !== null && performance.now() - askedAt > TWICE_MEANS_NOW_MS) process.exit(130);
    askedAt = performance.now();
    setTimeout(
      () => fail(`The server did not stop within ${STOP_LIMIT_MS / 1_000} s and ends now.`),
      STOP_LIMIT_MS,
    ).unref();
    stopping ??= server.stop(signal).then(() => process.exit(0), fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  // Mistakes of the operator are sentences; anything else is ours and needs its stack.
  console.error(error instanceof ConfigErrors || error instanceof DomainError ? error.message : error);
  process.exit(1);
}
