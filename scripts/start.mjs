import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { prepare } from './prepare.mjs';
import { env, node, root } from './toolchain.mjs';

// `npm start`: installs and builds what has changed, then starts the gateway with the arguments after `--`.
await prepare();
const gateway = spawn(node, ['dist/main.js', ...process.argv.slice(2)], { cwd: root, env, stdio: 'inherit' });

// A terminal sends Ctrl-C to the gateway directly. A forwarded signal would count as the second one, which ends the gateway
// immediately.
const onTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
process.on('SIGINT', () => onTerminal || gateway.kill('SIGINT'));
process.on('SIGTERM', () => gateway.kill('SIGTERM'));

gateway.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
