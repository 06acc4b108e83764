import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

// `node scripts/slim.mjs <node_modules> <amd64 or arm64>`: deletes from the packages of the image what the gateway never loads:
// binaries of other platforms, source maps, types, documents, and copies of the code for browsers and bundlers. The licences stay.
// `yarn image` runs the result: it loads every dependency and every sample model, and opens every page.
const [modules, platform] = process.argv.slice(2);
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' };
const arch = ARCHITECTURES[platform];
if (modules === undefined || arch === undefined) {
  process.stderr.write('nexus: expected: node scripts/slim.mjs <node_modules> <amd64 or arm64>\n');
  process.exit(1);
}

/** Files that Node never loads. */
const UNUSED = /\.(map|d\.[cm]?ts|[cm]?ts|tsbuildinfo|md|markdown|flow)$/i;
const LICENCE = /licen[cs]e|notice|copying/i;

/** Folders of packages that are for their developers. */
const DEVELOPMENT =
  /^(.*\/node_modules\/)?(@[^/]+\/)?[^/@]+\/(\.github|benchmarks?|docs|examples?|integration|tests?|__tests__)$/;

/** Copies of the code for browsers, bundlers and other module systems, and data that no package loads. */
const COPIES = [
  /^@(aws-sdk|smithy)\/[^/]+\/dist-(es|types)$/,
  /^@opentelemetry\/[^/]+\/build\/(esm|esnext)$/,
  /^@opentelemetry\/semantic-conventions\/dist\/(.*\.mjs|(experimental_|index-incubating).*)$/,
  /^bintrees\/dist$/,
  /^class-validator\/(bundles|esm5|esm2015|types)$/,
  /^es-toolkit\/.*\.js$/,
  /^libphonenumber-js\/(bundle|es6-modern|source|min|mobile|metadata\.(full|min|mobile)\.json(\.js)?)$/,
  /^protobufjs\/dist$/,
  /^rxjs\/(src|dist\/(bundles|esm|esm5|types))$/,
  /^swagger-ui-dist\/(swagger-ui-es-bundle.*|swagger-ui\.js)$/,
  /^validator\/(es|validator.*\.js)$/,
  /^web-streams-polyfill\/dist\/(?!ponyfill\.es2018\.js$)/,
  /^yaml\/browser$/,
];

const before = sizeOf(modules);
for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const name = path.slice(join(modules, '/').length);
  const isUnused = entry.isFile() && (UNUSED.test(name) ? !LICENCE.test(entry.name) : isForeign(name));
  if (isUnused || DEVELOPMENT.test(name) || COPIES.some((copy) => copy.test(name)))
    rmSync(path, { recursive: true, force: true });
}
process.stdout.write(`${modules}: ${before} MB, now ${sizeOf(modules)} MB\n`);

/** Whether the file is a binary of another platform. */
function isForeign(name) {
  const [, os, cpu] = /^onnxruntime-node\/bin\/napi-v6\/([^/]+)\/([^/]+)\//.exec(name) ?? [];
  if (os !== undefined) return os !== 'linux' || cpu !== arch;
  const [, target] = /^tokenizers\/tokenizers\.(.*)\.node$/.exec(name) ?? [];
  return target !== undefined && target !== `linux-${arch}-gnu`;
}

function sizeOf(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return Math.round(bytes / 1e6);
}
