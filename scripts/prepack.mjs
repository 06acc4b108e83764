import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './toolchain.mjs';

// Runs before `npm pack` and `npm publish`: builds everything that the package contains.
await prepare();
chmodSync(join(root, 'dist/main.js'), 0o755);
