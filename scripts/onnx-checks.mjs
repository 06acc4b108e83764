import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureVenv, missingPython } from './python.mjs';
import { env, node, root } from './toolchain.mjs';

const REQUIREMENTS = 'test/conformance/onnx/requirements.txt';
const RUN = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'test/conformance/onnx/run.mts'];

/**
 * Compares the built gateway with ONNX Runtime, over the backend tests of the onnx wheel, and prints the report. `args` are
 * options of run.mts. Resolves to how many models passed and failed. Where the wheel cannot be installed it is skipped,
 * which a line says with the reason.
 */
export async function runOnnxChecks(args) {
  const counts = { passed: 0, failed: 0 };
  const missing = missingPython();
  const { python, reason } =
    missing === undefined ? await ensureVenv('onnx', REQUIREMENTS) : { reason: missing };
  if (python === undefined) {
    process.stdout.write(`onnx: skipped, for the wheel cannot be installed: ${reason}\n`);
    return counts;
  }
  const run = spawn(node, [...RUN, '--python', python, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  run.on('message', (message) => Object.assign(counts, message));
  const [code] = await once(run, 'exit');
  // It ended before it could count.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}
