import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { prepare } from './prepare.mjs';
import { env, node, root } from './toolchain.mjs';

// `node scripts/run.mjs <script> [arguments]`: runs a script with the Node that it needs, once everything is installed and
// built, so that `npm run` works from a fresh checkout on. Ends as the script does.
const OPTIONS = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];

await prepare();
const child = spawn(node, [...OPTIONS, ...process.argv.slice(2)], { cwd: root, env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const [code] = await once(child, 'exit');
process.exitCode = code ?? 1;
