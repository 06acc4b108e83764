import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { runStep, stop } from './progress.mjs';
import { env, root } from './toolchain.mjs';

/** A descriptor of yarn.lock: the package and the range that a package asks for. */
const DESCRIPTOR = /^(@?[^@]+)@npm:(.+)$/;

const LOCK_ONLY = [
  'install',
  '--package-lock-only',
  '--ignore-scripts',
  '--legacy-peer-deps',
  '--omit-lockfile-registry-resolved',
  '--no-audit',
  '--no-fund',
];

/**
 * Writes `file`, in which the package pins the version of everything that npm installs with it, to the versions in yarn.lock.
 * npm chooses the layout and adds the checksums; every version is then compared with yarn.lock. As in `yarn install`, install
 * scripts of dependencies do not run, except that of ONNX Runtime, which can download CUDA; see preinstall.mjs.
 */
export async function writeShrinkwrap(file) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const versions = versionsIn(parse(readFileSync(join(root, 'yarn.lock'), 'utf8')));
  const folder = mkdtempSync(join(tmpdir(), 'nexus-shrinkwrap-'));
  try {
    const { name, version, license, bin, engines, dependencies } = manifest;
    const own = { name, version, license, bin, engines, dependencies };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...own, overrides: overridesOf(versions) }));
    if (!(await runStep('pinning the versions of the package', 'npm', LOCK_ONLY, { cwd: folder, env })))
      stop('npm could not resolve the dependencies: see the messages above and check the network.');
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
    for (const [path, entry] of Object.entries(lock.packages)) {
      if (path === '') continue;
      const pinned = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const known = [...(versions.get(pinned)?.values() ?? [])];
      if (!known.includes(entry.version))
        stop(
          `npm resolved ${pinned} to ${entry.version}, but yarn.lock has ${known.join(', ') || 'no version'}.`,
        );
      if (pinned !== 'onnxruntime-node') delete entry.hasInstallScript;
    }
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The versions in yarn.lock by package and by the range that asks for them. */
function versionsIn({ __metadata: _, ...entries }) {
  const versions = new Map();
  for (const [descriptors, { version }] of Object.entries(entries))
    for (const descriptor of descriptors.split(', ')) {
      const [, name, range] = DESCRIPTOR.exec(descriptor) ?? [];
      if (name === undefined) continue;
      if (!versions.has(name)) versions.set(name, new Map());
      versions.get(name).set(range, version);
    }
  return versions;
}

/** The overrides of package.json that make npm choose `versions`. */
function overridesOf(versions) {
  const overrides = {};
  for (const [name, byRange] of versions) {
    const [first, ...others] = new Set(byRange.values());
    if (others.length === 0) overrides[name] = first;
    else for (const [range, version] of byRange) overrides[`${name}@${range}`] = version;
  }
  return overrides;
}
