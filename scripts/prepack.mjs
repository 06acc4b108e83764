import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './toolchain.mjs';

// Runs before `npm pack` and `npm publish`: builds everything and pins the versions of the dependencies. With `--clean`, after
// them: removes the pinned versions, because in this folder yarn.lock decides.
const shrinkwrap = join(root, 'npm-shrinkwrap.json');

if (process.argv.includes('--clean')) rmSync(shrinkwrap, { force: true });
else {
  await prepare();
  chmodSync(join(root, 'dist/main.js'), 0o755);
  // Its imports are installed by now.
  const { writeShrinkwrap } = await import('./shrinkwrap.mjs');
  await writeShrinkwrap(shrinkwrap);
}
