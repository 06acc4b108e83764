import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { prepare } from './prepare.mjs';
import { env, node, root } from './toolchain.mjs';

// `node scripts/run.mjs <script> [arguments]`: installs and builds everything, then runs a script with the required Node,
// so that `npm run` works in a fresh checkout. Exits with the code of the script.
const OPTIONS = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];

await prepare();
const child = spawn(node, [...OPTIONS, ...process.argv.slice(2)], { cwd: root, env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const [code] = await once(child, 'exit');
process.exitCode = code ?? 1;
