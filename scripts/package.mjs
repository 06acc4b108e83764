import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStep, stop } from './progress.mjs';
import { ensureToolchain, env, root } from './toolchain.mjs';

// `yarn package`: packs the gateway as `npm publish` would, then installs and runs the package as a new user does: with npx, in
// an empty folder, with an empty home folder and nothing of this checkout. Prints times and sizes as JSON.
const READY_MS = 300_000;

await ensureToolchain();
const folder = mkdtempSync(join(tmpdir(), 'nexus-package-'));
let server;
try {
  process.stdout.write(`${JSON.stringify(await tryPackage(), null, 2)}\n`);
} finally {
  signalGroup('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

async function tryPackage() {
  if (!(await runStep('packing', 'npm', ['pack', '--pack-destination', folder], { cwd: root, env })))
    stop('npm pack failed: see the messages above.');
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  cpSync(join(root, 'models/digits'), join(folder, 'models/digits'), { recursive: true });

  const home = join(folder, 'home');
  mkdirSync(home);
  const settings = {
    HOME: home,
    // `npm run` sets it to the cache of the user.
    npm_config_cache: join(home, '.npm'),
    npm_config_userconfig: join(homedir(), '.npmrc'),
    NODE_ENV: '',
  };
  const started = Date.now();
  const args = ['--yes', `./${tarball}`, 'serve', './models', '--port', '0', '--grpc-port', '0'];
  server = spawn('npx', args, {
    cwd: folder,
    env: { ...env, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  process.stderr.write('installing and starting ...\n');
  const url = await ready(server);
  const readyS = seconds(started);
  const answer = await fetch(`${url}/v2/models/digits/ready`);
  if (!answer.ok) stop(`the packaged gateway answered ${answer.status}: ${await answer.text()}`);
  const modules = installedModules(home);
  const binaries = files(join(modules, 'onnxruntime-node/bin'));
  const foreign = binaries.filter((path) => !path.includes(`/${process.platform}/${process.arch}/`));
  if (foreign.length > 0) stop(`binaries of other platforms were installed: ${foreign.join(', ')}`);
  const cuda = binaries.filter((path) => path.includes('providers_cuda'));
  if (cuda.length > 0) stop(`CUDA was downloaded: ${cuda.join(', ')}`);

  const stopping = Date.now();
  signalGroup('SIGINT');
  await once(server, 'exit');
  return {
    tarball,
    tarballKB: Math.round(statSync(join(folder, tarball)).size / 1000),
    installedMB: megabytes(modules),
    runtimeMB: megabytes(join(modules, 'onnxruntime-node')),
    packages: files(modules).filter((path) => /node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(path))
      .length,
    readyS,
    stopS: seconds(stopping),
  };
}

/** Sends `signal` to npx and everything that it has started, as Ctrl-C on a terminal does, unless they have ended. */
function signalGroup(signal) {
  if (server?.pid !== undefined && server.exitCode === null && server.signalCode === null)
    process.kill(-server.pid, signal);
}

/** Resolves to the URL of the gateway once its models are loaded. */
async function ready(child) {
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  const deadline = Date.now() + READY_MS;
  while (!/^ {2}Docs /m.test(output)) {
    if (child.exitCode !== null || Date.now() > deadline) stop(`the package did not start:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return /https?:\/\/\S+:\d+/.exec(output)[0];
}

/** The node_modules of npx with the package. */
function installedModules(home) {
  const cache = join(home, '.npm/_npx');
  return join(cache, readdirSync(cache)[0], 'node_modules');
}

function files(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function megabytes(path) {
  return Math.round(files(path).reduce((sum, file) => sum + statSync(file).size, 0) / 1e6);
}

function seconds(since) {
  return Math.round((Date.now() - since) / 100) / 10;
}
