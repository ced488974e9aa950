import { writeFileSync } from 'node:fs';

/** Counts what the test runner finished and leaves it for the command that started it. */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // A test without a verdict in a run that ended (a crashed worker, a failed hook) has not passed.
        if (state === 'passed') counts.passed += 1;
        else if (state !== 'skipped') counts.failed += 1;
      }
      counts.failed += [module, ...module.children.allSuites()].filter(failedByItself).length;
    }
    writeFileSync(process.env.TRUNKLINE_TEST_COUNTS, JSON.stringify(counts));
  }
}

/** A file that cannot be loaded, or a hook of a suite that threw: no test of it is marked as failed. */
function failedByItself(taskOfTests) {
  return taskOfTests.errors().length > 0;
}
