import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { makeStandIns, withStandIns } from './image-bases.mjs';
import { checkImage } from './image-checks.mjs';
import { runStep, stop } from './progress.mjs';
import { ensureToolchain, root } from './toolchain.mjs';

// `yarn image`: builds the Dockerfile for CPUs with buildah, in a copy of the files that Git knows, from stand-ins for the images
// that it begins from. Then measures the image, and runs it with restricted rights. Prints sizes and checks as JSON.
// `yarn image --arm64` builds it for the other platform as well, without emulation, and checks that its binaries are of that platform.
const MOST_MB = 250;
const platforms = process.argv.includes('--arm64') ? ['amd64', 'arm64'] : ['amd64'];

// Ctrl-C ends the step that runs, so the folder below is removed.
process.on('SIGINT', () => {});
requireTools();
await ensureToolchain();
const folder = mkdtempSync(join(tmpdir(), 'nexus-image-'));
const buildah = ['buildah', '--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
try {
  const context = copySources();
  const report = {};
  for (const platform of platforms) {
    await makeStandIns(buildah, platforms[0], platform, folder);
    await build(platform, context);
    report[platform] = await inspect(platform);
  }
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  const large = Object.entries(report).filter(([, { megabytes }]) => megabytes > MOST_MB);
  if (large.length > 0)
    throw new Error(`the image has more than ${MOST_MB} MB: ${large.map(([name]) => name).join(', ')}`);
} catch (error) {
  process.stderr.write(`nexus: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  run('umount', '--all');
  // buildah mounts this folder onto itself.
  spawnSync('umount', ['--recursive', '--lazy', join(folder, 'store/overlay')]);
  rmSync(folder, { recursive: true, force: true });
}

function requireTools() {
  const missing = ['buildah', 'mmdebstrap', 'unshare', 'nsenter', 'setpriv'].filter((name) => {
    try {
      execFileSync('which', [name], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length > 0)
    stop(`expected ${missing.join(', ')}: run apt-get install buildah mmdebstrap util-linux`);
  if (process.getuid() !== 0)
    stop('expected root: the check mounts the image. Run it in a virtual machine or with sudo.');
}

/** The files of the checkout that Git does not ignore. */
function copySources() {
  const context = join(folder, 'context');
  mkdirSync(context);
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  const archive = execFileSync('tar', ['-c', '--null', '--ignore-failed-read', '--files-from', '-'], {
    cwd: root,
    input: files,
    maxBuffer: 1e9,
  });
  execFileSync('tar', ['-x', '-C', context], { input: archive });
  return context;
}

async function build(platform, context) {
  const file = join(context, `${platform}.Dockerfile`);
  const dockerfile = readFileSync(join(context, 'Dockerfile'), 'utf8');
  writeFileSync(file, withStandIns(dockerfile, platforms[0], platform));
  const args = ['--platform', `linux/${platform}`, '--build-arg', `VERSION=${version()}`];
  // The default, which buildah does not know when it orders the stages.
  args.push('--build-arg', 'DEVICE=cpu');
  const options = ['--isolation', 'chroot', '--format', 'docker', '--layers', '--pull-never'];
  const target = ['--tag', `nexus-${platform}`, '--file', file, context];
  const all = [...buildah.slice(1), 'bud', ...options, ...args, ...target];
  if (!(await runStep(`building the image for ${platform}`, buildah[0], all)))
    throw new Error('the build failed: see the messages above.');
}

/** Measures and checks the image. */
async function inspect(platform) {
  const oci = join(folder, `oci-${platform}`);
  run('push', '--quiet', `nexus-${platform}`, `oci:${oci}`);
  const manifest = blob(oci, JSON.parse(readFileSync(join(oci, 'index.json'), 'utf8')).manifests[0].digest);
  const image = blob(oci, manifest.config.digest);
  const steps = image.history.filter((step) => !step.empty_layer).map((step) => step.created_by);
  const layers = [];
  for (const [index, { digest, size }] of manifest.layers.entries())
    layers.push({
      step: steps[index]?.replace(/^\/bin\/sh -c #\(nop\) /, '').slice(0, 60),
      megabytes: toMegabytes(await unpackedSize(path(oci, digest))),
      packedMegabytes: toMegabytes(size),
    });
  const { config } = JSON.parse(run('inspect', '--type', 'image', `nexus-${platform}`)).Docker;
  const container = run('from', '--pull-never', `nexus-${platform}`);
  const mounted = run('mount', container);
  return {
    megabytes: sum(layers, 'megabytes'),
    packedMegabytes: sum(layers, 'packedMegabytes'),
    layers,
    checks: await checkImage(config, mounted, platform, version()),
  };
}

function version() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
}

function run(...args) {
  return execFileSync(buildah[0], [...buildah.slice(1), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

function path(oci, digest) {
  return join(oci, 'blobs', digest.replace(':', '/'));
}

function blob(oci, digest) {
  return JSON.parse(readFileSync(path(oci, digest), 'utf8'));
}

/** The size of an unpacked layer, in bytes. */
async function unpackedSize(file) {
  let bytes = 0;
  for await (const chunk of createReadStream(file).pipe(createGunzip())) bytes += chunk.length;
  return bytes;
}

function toMegabytes(bytes) {
  return Math.round(bytes / 1e5) / 10;
}

function sum(layers, field) {
  return Math.round(layers.reduce((total, layer) => total + layer[field], 0));
}
