import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Runs when npm has unpacked this package and its dependencies, and before their own install scripts:
// - Deletes the binaries of other platforms, 300 MB that are never loaded.
// - Keeps the install script of ONNX Runtime from downloading CUDA, several hundred megabytes, on every machine. To download
//   it, set ONNXRUNTIME_NODE_INSTALL=cuda12.
// - Keeps the install script of a package of Swagger from reporting the installation.
// Packages that the project itself or another package depends on are left alone. Without this script, for example with
// `--ignore-scripts`, everything works and takes more room.
const { env } = process;
// Those of --os and --cpu.
const platform = env.npm_config_os || process.platform;
const arch = env.npm_config_cpu || process.arch;
const own = fileURLToPath(new URL('..', import.meta.url));

try {
  trim();
} catch (error) {
  // It only saves room, so it never fails an installation.
  process.stderr.write(
    `nexus-ai-gateway: cannot delete what this platform does not need: ${error.message}\n`,
  );
}

function trim() {
  const runtime = installed('onnxruntime-node');
  if (runtime !== undefined) {
    const binaries = join(runtime, 'bin/napi-v6');
    keepOnly(binaries, (name) => name === platform);
    keepOnly(join(binaries, platform), (name) => name === arch);
    if (!env.ONNXRUNTIME_NODE_INSTALL && !env.npm_config_onnxruntime_node_install)
      empty(join(runtime, 'script/install.js'));
  }
  const reporter = installed('@scarf/scarf', 'swagger-ui-dist');
  if (reporter !== undefined) empty(join(reporter, 'report.js'));
  const tokenizers = installed('tokenizers');
  if (tokenizers !== undefined)
    keepOnly(tokenizers, (name) => {
      const [, target] = /^tokenizers\.(.*)\.node$/.exec(name) ?? [];
      return (
        target === undefined || target.startsWith(`${platform}-${arch}`) || target === `${platform}-universal`
      );
    });
}

/**
 * The folder of the dependency `name`; undefined if this is a checkout, if anything but this package and its dependency `user`
 * depends on it, or if it is a link, which leads to files that other projects may share.
 */
function installed(name, user) {
  const beside = dirname(own.replace(/[\\/]$/, ''));
  if (!/[\\/]node_modules$/.test(beside)) return undefined;
  const nested = join(own, 'node_modules', name);
  if (existsSync(nested)) return isLink(nested) ? undefined : nested;
  const shared = join(beside, name);
  if (!existsSync(shared) || isLink(shared) || dependsOn(join(beside, '..'), name)) return undefined;
  const others = packagesIn(beside).filter((other) => other !== 'nexus-ai-gateway' && other !== user);
  return others.some((other) => dependsOn(join(beside, other), name)) ? undefined : shared;
}

function isLink(path) {
  return lstatSync(path).isSymbolicLink();
}

/** The names of the packages in the folder `modules`. */
function packagesIn(modules) {
  return readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((scoped) => `${name}/${scoped}`) : [name],
  );
}

/** Whether the package.json in `folder` names the package. */
function dependsOn(folder, name) {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return false;
  const {
    dependencies = {},
    devDependencies = {},
    optionalDependencies = {},
    peerDependencies = {},
  } = JSON.parse(readFileSync(path, 'utf8').replace(/^\ufeff/, ''));
  return name in { ...dependencies, ...devDependencies, ...optionalDependencies, ...peerDependencies };
}

/** Makes the script do nothing. */
function empty(script) {
  if (!existsSync(script)) return;
  // The file may be a hard link to that of other projects.
  rmSync(script);
  writeFileSync(script, '// Emptied by nexus-ai-gateway, see its scripts/preinstall.mjs.\n');
}

/** Deletes the entries of `folder` that `isKept` rejects, unless it rejects all: the platform then has another name here. */
function keepOnly(folder, isKept) {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder);
  if (!names.some(isKept)) return;
  for (const name of names) if (!isKept(name)) rmSync(join(folder, name), { recursive: true });
}
