/** Runs `checks`, by name and in order, and prints a line of JSON for each; the same form as that of checks.py. */
export async function runChecks(checks) {
  for (const [check, run] of Object.entries(checks)) {
    let result = { outcome: 'passed' };
    try {
      await run();
    } catch (error) {
      result = { outcome: 'failed', reason: error.message.split('\n')[0] };
    }
    process.stdout.write(`${JSON.stringify({ check, ...result })}\n`);
  }
}
