import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runAgainstGateway } from './client-checks.mjs';
import { writeMinilm } from './minilm.mjs';
import { ensureVenv, missingPython, venvs } from './python.mjs';
import { root } from './toolchain.mjs';

const REQUIREMENTS = 'test/conformance/clients/reference.txt';

/**
 * Compares embeddings of texts and labels of pictures with those of Python's libraries. Resolves to the number of checks
 * that passed and failed. If Python or its packages cannot be installed, they are skipped and the reason is printed.
 */
export async function runReferenceChecks() {
  const missing = missingPython();
  const { python, reason } =
    missing === undefined ? await ensureVenv('reference', REQUIREMENTS) : { reason: missing };
  if (python === undefined) {
    process.stdout.write(`reference: skipped, cannot install Python's libraries: ${reason}\n`);
    return { passed: 0, failed: 0 };
  }
  const repository = join(venvs, 'reference/models');
  rmSync(repository, { recursive: true, force: true });
  writeMinilm(python, join(repository, 'all-minilm-l6-v2'));
  cpSync(join(root, 'models/text-direction'), join(repository, 'text-direction'), { recursive: true });
  const client = { command: [python, 'reference.py', repository], speaks: ['http'] };
  return runAgainstGateway([client], { repository });
}
