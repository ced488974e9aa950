import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root, Stop } from './paths.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end and answers its exit code. Its output goes to stderr unless `stdout` says otherwise, so that
 * what a command prints can be piped. A signal that we get ends the program first and then us.
 */
export function runProgram(command, args, { env = process.env, stdout = process.stderr, shell = false } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: root, env, shell, stdio: ['ignore', stdout, process.stderr] });
    let stoppedBy = null;
    // Ctrl-C in a terminal reaches the child as well as us, and npm sends it once more: passing it on again is harmless.
    const pass = (signal) => {
      stoppedBy = signal;
      child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, pass);
    child.once('error', (error) => fail(new Stop(`${command} cannot be run (${error.code}).`)));
    child.once('close', (code, signal) => {
      for (const name of SIGNALS) process.off(name, pass);
      if (stoppedBy !== null) process.exit(128 + constants.signals[stoppedBy]);
      done(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Runs a program of the checkout that must succeed. */
export async function runStep(name, command, args, options) {
  const code = await runProgram(command, args, options);
  if (code !== 0) throw new Stop(`${name} failed with exit code ${code}; what it printed above says why.`);
}
