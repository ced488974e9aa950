import { inCheckout } from '../checkout/paths.mjs';
import { prepare } from '../checkout/prepare.mjs';
import { runProgram } from '../checkout/run-step.mjs';

await prepare();
// The bench is read from source, the server it measures is the built one.
process.exitCode = await runProgram(
  process.execPath,
  ['--conditions=source', '--import', 'tsx', inCheckout('bench/run.ts'), ...process.argv.slice(2)],
  { stdout: process.stdout },
);
