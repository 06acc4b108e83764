import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeMinilm } from './minilm.mjs';
import { stop } from './progress.mjs';
import { ensureVenv, missingPython, venvs } from './python.mjs';
import { root } from './toolchain.mjs';

// Installs what the benchmarks of text and pictures need and prints, as JSON, the path of `python` and the `repository`: a
// folder with all-minilm-l6-v2, which takes its full length of 512 tokens there, and text-direction.
const missing = missingPython();
const { python, reason } =
  missing === undefined ? await ensureVenv('bench', 'bench/requirements.txt') : { reason: missing };
if (python === undefined) stop(`cannot install the Python packages of the benchmark: ${reason}`);
const repository = join(venvs, 'bench/models');
const minilm = join(repository, 'all-minilm-l6-v2');
rmSync(repository, { recursive: true, force: true });
writeMinilm(python, minilm);
writeFileSync(join(minilm, 'model.yaml'), 'max_tokens: 512\n');
cpSync(join(root, 'models/text-direction'), join(repository, 'text-direction'), { recursive: true });
process.stdout.write(`${JSON.stringify({ python, repository })}\n`);
