/**
 * Prints once why tests are left out, where a title says so, and sends the counts to scripts/test.mjs, which prints them last;
 * a suite that could not run counts as a failed test.
 */
module.exports = class CountsReporter {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults }) {
    const skipped = testResults
      .flatMap((file) => file.testResults)
      .filter(({ status }) => status === 'pending');
    const titles = skipped.flatMap(({ ancestorTitles, title }) => [...ancestorTitles, title]);
    for (const title of new Set(titles)) if (title.includes('left out')) process.stderr.write(`${title}\n`);
    process.send?.({ passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites });
  }
};
