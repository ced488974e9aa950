/** Entry of the program: reads the configuration, starts what its role says, and stops on Ctrl-C or SIGTERM. */
import { readConfig } from './config/config.js';
import { isOperatorMistake } from './operator-mistake.js';
import { type RunningServer, startServer } from './start-server.js';

const TWICE_MEANS_NOW_MS = 1_000;
/** Longer than everything that stops in order may take; a stop that hangs helps nobody. */
const STOP_LIMIT_MS = 40_000;

let starting: Promise<RunningServer> | null = null;
let askedAt: number | null = null;

// Heard from the first moment: what a half-done start has begun must be stopped too.
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);

try {
  starting = startServer(readConfig(process.env));
  await starting;
} catch (error) {
  fail(error);
}

/** A terminal and npm both pass Ctrl-C on, so the same wish arrives twice within moments; a later one means now. */
function onSignal(signal: NodeJS.Signals): void {
  if (askedAt !== null) {
    if (performance.now() - askedAt > TWICE_MEANS_NOW_MS) process.exit(130);
    return;
  }
  askedAt = performance.now();
  const late = `The server did not stop within ${STOP_LIMIT_MS / 1_000} s and ends now.`;
  setTimeout(() => fail(late), STOP_LIMIT_MS).unref();
  if (starting === null) process.exit(0);
  starting.then((server) => server.stop(signal)).then(() => process.exit(0), fail);
}

function fail(error: unknown): never {
  console.error(error instanceof Error && isOperatorMistake(error) ? error.message : error);
  process.exit(1);
}
