import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureVenv, missingPython } from './python.mjs';
import { env, node, root } from './toolchain.mjs';

const REQUIREMENTS = 'test/conformance/onnx/requirements.txt';
const RUN = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'test/conformance/onnx/run.mts'];

/**
 * Compares the built gateway with ONNX Runtime, using the backend tests of the onnx wheel, and prints the report. `args`
 * are options of run.mts. Resolves to the number of models that passed and failed. If the wheel cannot be installed, the
 * check is skipped and the reason is printed.
 */
export async function runOnnxChecks(args) {
  const counts = { passed: 0, failed: 0 };
  const missing = missingPython();
  const { python, reason } =
    missing === undefined ? await ensureVenv('onnx', REQUIREMENTS) : { reason: missing };
  if (python === undefined) {
    process.stdout.write(`onnx: skipped, cannot install the onnx wheel: ${reason}\n`);
    return counts;
  }
  const run = spawn(node, [...RUN, '--python', python, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  run.on('message', (message) => Object.assign(counts, message));
  const [code] = await once(run, 'exit');
  // It exited before it could send its counts.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}
