import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inCheckout, Stop } from '../checkout/paths.mjs';
import { prepare } from '../checkout/prepare.mjs';
import { runProgram, runStep } from '../checkout/run-step.mjs';

/** Everything that has to hold before a test is worth running, in order. */
async function prepareTests() {
  await prepare();
  console.error('trunkline: checking types');
  await runStep('the type check', process.execPath, [
    inCheckout('node_modules/typescript/bin/tsc'),
    '-p',
    inCheckout('tsconfig.json'),
  ]);
}

/** Runs vitest with the arguments after `npm test --`. */
async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-test-'));
  const countsFile = join(folder, 'counts.json');
  try {
    const code = await runProgram(
      process.execPath,
      [
        inCheckout('node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        `--reporter=${inCheckout('scripts/commands/count-reporter.mjs')}`,
        ...process.argv.slice(2),
      ],
      { env: { ...process.env, TRUNKLINE_TEST_COUNTS: countsFile }, stdout: process.stdout },
    );
    return { code, ...readCounts(countsFile) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A run that ended without counting anything has failed. */
function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** The last line, by which people and machines judge the run. */
function close({ code, passed, failed }) {
  const clean = code === 0 && failed === 0 && passed > 0;
  if (passed === 0 && failed === 0) console.error('trunkline: no test ran');
  console.log(`${passed} passed, ${clean ? 0 : Math.max(failed, 1)} failed`);
  process.exitCode = clean ? 0 : 1;
}

try {
  await prepareTests();
  close(await runTests());
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  console.error(`trunkline: ${error.message}`);
  close({ code: 1, passed: 0, failed: 1 });
}
