import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

// `node scripts/redoc.mjs`: copies the script of ReDoc into dist/docs/redoc. Only this file is served, so that an installation of
// the gateway does not need the package and its 40 MB of dependencies.
const root = join(import.meta.dirname, '..');
const target = join(root, 'dist/docs/redoc');

mkdirSync(target, { recursive: true });
for (const name of ['redoc.standalone.js', 'redoc.standalone.js.LICENSE.txt'])
  copyFileSync(join(root, 'node_modules/redoc/bundles', name), join(target, name));
