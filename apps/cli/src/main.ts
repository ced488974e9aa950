import { runCli } from './run-cli.js';

/** After Ctrl-C a verb has this long to let go of the database. */
const LET_GO_MS = 10_000;

const stopped = new AbortController();
// A terminal and npm both send Ctrl-C, so a second signal means nothing new.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopped.abort();
    setTimeout(() => process.exit(1), LET_GO_MS).unref();
  });
}

// The reader of a pipe may leave first, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stopped.abort();
});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  env: process.env,
  isTerminal: process.stdout.isTTY === true,
  signal: stopped.signal,
});
