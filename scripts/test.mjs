import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runClientChecks } from './client-checks.mjs';
import { runContractChecks } from './contract-checks.mjs';
import { runEngineChecks } from './engine-checks.mjs';
import { runOnnxChecks } from './onnx-checks.mjs';
import { prepare } from './prepare.mjs';
import { runReferenceChecks } from './reference-checks.mjs';
import { runStep } from './progress.mjs';
import { env, node, root } from './toolchain.mjs';

// `npm test`: installs and builds what has changed, runs the static checks, Jest, Schemathesis, other clients, comparisons of
// text and pictures with Python, and a sample of ONNX's backend tests, and counts each check as a test. Arguments after `--`
// are passed to Jest; all after Jest is skipped then.
// Nest is published as ES modules, which Jest loads only through Node's experimental vm modules.
const VM_MODULES = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const JEST = [...VM_MODULES, 'node_modules/jest/bin/jest.js', '--config', 'test/jest.config.js'];
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** A few fixed cases, so that the results are reproducible. `yarn contract` generates other cases. */
const SAME_CASES = ['--max-examples', '3', '--seed', '1', '--generation-database', 'none'];
const totals = { passed: 0, failed: 0 };

process.on('exit', (code) => {
  // A step that is not counted failed, such as the installation.
  if (code !== 0 && totals.failed === 0) totals.failed = 1;
  process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
});

await prepare();
await runCheck('format', scripts['format:check']);
await runCheck('lint', scripts.lint);
await runCheck('types', scripts.types);
const jestArgs = process.argv.slice(2);
const jestCode = await runJest(jestArgs);
if (jestArgs.length === 0) {
  count(await runContractChecks(SAME_CASES));
  count(await runClientChecks());
  count(await runEngineChecks());
  count(await runReferenceChecks());
  count(await runOnnxChecks(['--sample']));
}
process.exitCode = totals.failed > 0 ? 1 : jestCode;

async function runCheck(label, command) {
  const succeeded = await runStep(label, command, [], { cwd: root, env, shell: true });
  totals[succeeded ? 'passed' : 'failed'] += 1;
}

function count({ passed, failed }) {
  totals.passed += passed;
  totals.failed += failed;
}

/** Runs Jest, adds the counts that test/reporter.js sends, and resolves to the exit code. */
async function runJest(args) {
  const jest = spawn(node, [...JEST, ...args], {
    cwd: root,
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  jest.on('message', count);
  const [code] = await once(jest, 'exit');
  return code ?? 1;
}
