import type { Log } from '@trunkline/core';

/** Answers go to stdout and errors are told once, so that only somebody who debugs wants a log; it goes to stderr. */
export function commandLog(loud: boolean): Log {
  const write = (level: string) => (message: string, fields?: object) => {
    if (loud) process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
  };
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return log;
}
