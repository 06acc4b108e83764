import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Runs when npm has unpacked this package and its dependencies, and before their own install scripts:
// - Deletes the binaries of other platforms, 300 MB that are never loaded.
// - Keeps the install script of ONNX Runtime from downloading CUDA, several hundred megabytes, on every machine. To download
//   it, set ONNXRUNTIME_NODE_INSTALL=cuda12.
// - Keeps the install script of a package of Swagger from reporting the installation.
// Packages that the project itself depends on are left alone. Without this script, for example with `--ignore-scripts`,
// everything works and takes more room.
const { platform, arch, env } = process;
const own = fileURLToPath(new URL('..', import.meta.url));

const runtime = installed('onnxruntime-node');
if (runtime !== undefined) {
  const binaries = join(runtime, 'bin/napi-v6');
  keepOnly(binaries, (name) => name === platform);
  keepOnly(join(binaries, platform), (name) => name === arch);
  if (!env.ONNXRUNTIME_NODE_INSTALL && !env.npm_config_onnxruntime_node_install)
    empty(join(runtime, 'script/install.js'));
}
const reporter = installed('@scarf/scarf');
if (reporter !== undefined) empty(join(reporter, 'report.js'));
const tokenizers = installed('tokenizers');
if (tokenizers !== undefined)
  keepOnly(tokenizers, (name) => {
    const [, target] = /^tokenizers\.(.*)\.node$/.exec(name) ?? [];
    return (
      target === undefined || target.startsWith(`${platform}-${arch}`) || target === `${platform}-universal`
    );
  });

/** The folder of the dependency `name`; undefined if this is a checkout, or if the project depends on it as well. */
function installed(name) {
  const beside = dirname(own.replace(/[\\/]$/, ''));
  if (!/[\\/]node_modules$/.test(beside)) return undefined;
  const nested = join(own, 'node_modules', name);
  if (existsSync(nested)) return nested;
  const shared = join(beside, name);
  return existsSync(shared) && !projectNames(join(beside, '..'), name) ? shared : undefined;
}

/** Whether the package.json of `project` names the package. */
function projectNames(project, name) {
  const path = join(project, 'package.json');
  if (!existsSync(path)) return false;
  const {
    dependencies = {},
    devDependencies = {},
    optionalDependencies = {},
  } = JSON.parse(readFileSync(path));
  return name in { ...dependencies, ...devDependencies, ...optionalDependencies };
}

/** Makes the script do nothing. */
function empty(script) {
  if (existsSync(script))
    writeFileSync(script, '// Emptied by nexus-ai-gateway, see its scripts/preinstall.mjs.\n');
}

/** Deletes the entries of `folder` that `isKept` rejects, unless it rejects all: the platform then has another name here. */
function keepOnly(folder, isKept) {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder);
  if (!names.some(isKept)) return;
  for (const name of names) if (!isKept(name)) rmSync(join(folder, name), { recursive: true });
}
