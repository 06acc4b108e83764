import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
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

describe('the script that npm runs', () => {
  const runtime = 'node_modules/onnxruntime-node';
  const foreign = `${runtime}/bin/napi-v6/other-os/x.node`;
  const kept = `${runtime}/bin/napi-v6/${process.platform}/${process.arch}/x.node`;
  const download = `${runtime}/script/install.js`;
  let project: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'nexus-package-'));
    for (const path of [foreign, kept, download]) put(path, 'original');
    put('package.json', '\ufeff{}');
    put('node_modules/nexus-ai-gateway/package.json', '{"dependencies":{"onnxruntime-node":"1"}}');
    mkdirSync(join(project, 'node_modules/nexus-ai-gateway/scripts'));
    cpSync('scripts/preinstall.mjs', join(project, 'node_modules/nexus-ai-gateway/scripts/preinstall.mjs'));
  });
  afterEach(() => rmSync(project, { recursive: true }));

  function put(path: string, text: string): void {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }

  /** Runs the script, and returns whether the runtime is as it was. */
  async function leavesAlone(): Promise<boolean> {
    const script = join(project, 'node_modules/nexus-ai-gateway/scripts/preinstall.mjs');
    const { stderr } = await promisify(execFile)(process.execPath, [script]);
    expect(stderr).toBe('');
    expect(existsSync(join(project, kept))).toBe(true);
    const isOriginal = readFileSync(join(project, download), 'utf8') === 'original';
    expect(existsSync(join(project, foreign))).toBe(isOriginal);
    return isOriginal;
  }

  it('deletes what this platform does not need, once or twice, but changes no file that is linked', async () => {
    const elsewhere = join(project, 'store.js');
    linkSync(join(project, download), elsewhere);
    expect(await leavesAlone()).toBe(false);
    expect(await leavesAlone()).toBe(false);
    expect(readFileSync(elsewhere, 'utf8')).toBe('original');
  });

  it.each([
    ['package.json', '{"devDependencies":{"onnxruntime-node":"1"}}'],
    ['node_modules/other/package.json', '{"dependencies":{"onnxruntime-node":"1"}}'],
    ['node_modules/@scope/other/package.json', '{"optionalDependencies":{"onnxruntime-node":"1"}}'],
  ])('leaves a dependency alone that %s has as well', async (path, manifest) => {
    put(path, manifest);
    expect(await leavesAlone()).toBe(true);
  });

  it('leaves a link alone, behind which other projects may be', async () => {
    renameSync(join(project, runtime), join(project, 'store'));
    symlinkSync(join(project, 'store'), join(project, runtime));
    expect(await leavesAlone()).toBe(true);
  });
});
