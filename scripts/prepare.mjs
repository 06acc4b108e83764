import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runStep, stop } from './progress.mjs';
import { hashFiles, readStamp } from './stamp.mjs';
import { ensureToolchain, env, node, root, yarn } from './toolchain.mjs';

const MANIFESTS = ['package.json', 'yarn.lock', '.yarnrc.yml'];
const SOURCES = [
  'src',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'clients/console',
  'scripts/console.mjs',
  'scripts/redoc.mjs',
];
const HOOKS = '.husky/_';

/** Installs the toolchain and the dependencies and builds dist/. Skips steps whose files have not changed. */
export async function prepare() {
  await ensureToolchain();
  await ensureInstalled();
  await ensureBuilt();
}

async function ensureInstalled() {
  const stamp = join(root, 'node_modules/.nexus-installed');
  const hash = hashFiles(root, MANIFESTS);
  if (readStamp(stamp) === hash) return;

  const install = [yarn, 'install', '--immutable'];
  if (!(await runStep('installing dependencies', node, install, { cwd: root, env }))) {
    stop(
      'Yarn could not install the dependencies: check the network; if package.json changed, run `yarn install`.',
    );
  }
  installHooks();
  writeFileSync(stamp, hash);
}

async function ensureBuilt() {
  const stamp = join(root, 'dist/.nexus-built');
  const hash = hashFiles(root, [...MANIFESTS, ...SOURCES]);
  if (readStamp(stamp) === hash) return;

  if (!(await runStep('building', node, [yarn, 'build'], { cwd: root, env }))) {
    stop('the build failed: correct the errors above and try again.');
  }
  writeFileSync(stamp, hash);
}

/** Installs the Git hooks, unless the checkout uses other hooks or is an archive without .git. */
function installHooks() {
  if (!existsSync(join(root, '.git'))) return;
  const configured = spawnSync('git', ['config', 'core.hooksPath'], { cwd: root, encoding: 'utf8' });
  if (!['', HOOKS].includes(configured.stdout?.trim())) return;
  spawnSync('husky', { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
