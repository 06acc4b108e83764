import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// `node scripts/sbom.mjs <node_modules of the image> <output>`: writes what the image is made of, in the format CycloneDX: the
// packages that were installed, those whose code the build copied into dist, and Node. Scanners of images find the rest, the
// packages of Debian, by themselves.
const [modules, output] = process.argv.slice(2);
if (modules === undefined || output === undefined) {
  process.stderr.write('nexus: expected: node scripts/sbom.mjs <node_modules> <output>\n');
  process.exit(1);
}
const root = join(import.meta.dirname, '..');
/** Development dependencies of which dist has code, see scripts/console.mjs and scripts/redoc.mjs. */
const BUNDLED = ['preact', 'redoc', 'uplot'];

const bom = ofLockfile();
const own = bom.metadata.component['bom-ref'];
const installed = new Map(
  readPackages(modules).map((manifest) => [`${manifest.name}@${manifest.version}`, manifest]),
);
// The lock file names the optional packages of all platforms.
const kept = bom.components.flatMap((component) => {
  const manifest = installed.get(idOf(component));
  return installed.delete(idOf(component)) ? [{ ...component, licenses: licensesOf(manifest) }] : [];
});
// The CUDA provider is not in the lock file.
const added = [...[...installed.values(), ...BUNDLED.map(manifestOf)].map(ofManifest), node()];
const refs = new Set([own, ...kept.map((component) => component['bom-ref'])]);
const dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({
    ref,
    dependsOn: [
      ...dependsOn.filter((on) => refs.has(on)),
      ...(ref === own ? added.map((component) => component['bom-ref']) : []),
    ],
  }));
writeFileSync(
  output,
  `${JSON.stringify({ ...bom, components: [...kept, ...added], dependencies }, null, 1)}\n`,
);
process.stdout.write(`${output}: ${kept.length + added.length} components\n`);

/** The production dependencies, as Yarn's plugin reads them. */
function ofLockfile() {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-sbom-'));
  try {
    const file = join(folder, 'bom.json');
    const plugin = join(root, 'node_modules/@cyclonedx/yarn-plugin-cyclonedx/yarn-plugin-cyclonedx.cjs');
    // Without this option, Yarn downloads the optional packages of all platforms to read them.
    const options = ['--lockfile-only', '--production', '--output-reproducible', '--output-file', file];
    execFileSync('yarn', ['cyclonedx', ...options], {
      cwd: root,
      env: { ...process.env, YARN_PLUGINS: plugin },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The package.json files of all packages in `folder`, at any depth. */
function readPackages(folder) {
  return readdirSync(folder).flatMap((entry) => {
    if (entry.startsWith('.')) return [];
    const path = join(folder, entry);
    if (entry.startsWith('@')) return readPackages(path);
    const manifest = join(path, 'package.json');
    const nested = join(path, 'node_modules');
    return [
      ...(existsSync(manifest) ? [JSON.parse(readFileSync(manifest, 'utf8'))] : []),
      ...(existsSync(nested) ? readPackages(nested) : []),
    ];
  });
}

function idOf({ group, name, version }) {
  return `${group === undefined ? '' : `${group}/`}${name}@${version}`;
}

function manifestOf(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'));
}

function ofManifest(manifest) {
  const { name, version } = manifest;
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', name, version, 'bom-ref': purl, licenses: licensesOf(manifest), purl };
}

/** The licence of a package: its identifier in SPDX, or an expression of several. */
function licensesOf({ license }) {
  if (typeof license !== 'string') return [];
  return [/^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license }];
}

function node() {
  const { node: version } = process.versions;
  return {
    type: 'platform',
    name: 'node',
    version,
    'bom-ref': `node@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    purl: `pkg:generic/node@${version}`,
  };
}
