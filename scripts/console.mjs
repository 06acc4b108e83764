import { createRequire } from 'node:module';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

// `node scripts/console.mjs`: bundles the page of the console into dist/console/page.
const BUNDLED = ['preact', 'uplot'];

const root = join(import.meta.dirname, '..');
const source = join(root, 'clients/console');
const target = join(root, 'dist/console/page');
rmSync(target, { recursive: true, force: true });

const { metafile } = await build({
  entryPoints: { console: join(source, 'src/main.tsx'), style: join(source, 'src/styles/style.css') },
  outdir: target,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  tsconfig: join(source, 'tsconfig.json'),
  logLevel: 'warning',
  absWorkingDir: root,
});

const files = Object.keys(metafile.outputs).map((path) => basename(path));
const page = readFileSync(join(source, 'index.html'), 'utf8')
  .replace(
    '{{script}}',
    files.find((name) => name.endsWith('.js')),
  )
  .replace(
    '{{style}}',
    files.find((name) => name.endsWith('.css')),
  );
writeFileSync(join(target, 'index.html'), page);
writeFileSync(join(target, 'LICENSES.txt'), BUNDLED.map(licenceOf).join('\n'));

function licenceOf(name) {
  const folder = join(root, 'node_modules', name);
  const { version, license } = createRequire(import.meta.url)(join(folder, 'package.json'));
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}`;
}
