import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

/** The paths that `npm pack` puts into the package in `folder`, as it is built now. */
async function packed(folder: string): Promise<string[]> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path).toSorted();
}

/** The files of dist without what only the build needs. */
function built(): string[] {
  return readdirSync('dist', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.map$|^\.nexus-/.test(entry.name))
    .map((entry) => relative('.', join(entry.parentPath, entry.name)));
}

it('the package has all that was built and what npm needs, and nothing of the development', async () => {
  const needed = ['LICENSE', 'README.md', 'package.json', 'scripts/preinstall.mjs'];
  expect(await packed('.')).toEqual([...built(), ...needed].toSorted());
});

it('its commands are programs, and the script that npm runs is in it', () => {
  const { bin, scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  expect(Object.keys(bin)).toEqual(['nexus', 'nexus-ai-gateway']);
  for (const path of Object.values(bin))
    expect(readFileSync(path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(scripts['preinstall']).toBe('node scripts/preinstall.mjs');
});

it('the package of the TypeScript client has only its code', async () => {
  const files = (await packed('clients/typescript')).filter(
    (path) => !/^dist\/[\w-]+\.(js|d\.ts)$/.test(path),
  );
  expect(files).toEqual(['LICENSE', 'README.md', 'package.json']);
});
