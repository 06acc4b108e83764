import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runStep, stop } from './progress.mjs';
import { hashFiles, readStamp } from './stamp.mjs';
import { ensureToolchain, env, node, root, yarn } from './toolchain.mjs';

const MANIFESTS = ['package.json', 'yarn.lock', '.yarnrc.yml'];
const SOURCES = ['src', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
const HOOKS = '.husky/_';

/** Installs the toolchain and the dependencies and builds dist/, each only where something has changed since. */
export async function prepare() {
  await ensureToolchain();
  await ensureInstalled();
  await ensureBuilt();
}

async function ensureInstalled() {
  const stamp = join(root, 'node_modules/.nexus-installed');
  const wanted = hashFiles(root, MANIFESTS);
  if (readStamp(stamp) === wanted) return;

  const install = [yarn, 'install', '--immutable'];
  if (!(await runStep('installing dependencies', node, install, { cwd: root, env }))) {
    stop('Yarn could not install: check the network; if package.json changed, run `yarn install`.');
  }
  installHooks();
  writeFileSync(stamp, wanted);
}

async function ensureBuilt() {
  const stamp = join(root, 'dist/.nexus-built');
  const wanted = hashFiles(root, [...MANIFESTS, ...SOURCES]);
  if (readStamp(stamp) === wanted) return;

  if (!(await runStep('building', 'nest', ['build'], { cwd: root, env }))) {
    stop('the build failed: correct the errors above and try again.');
  }
  writeFileSync(stamp, wanted);
}

/** A checkout whose hooks are somebody's own keeps them; an archive without .git needs none. */
function installHooks() {
  if (!existsSync(join(root, '.git'))) return;
  const asked = spawnSync('git', ['config', 'core.hooksPath'], { cwd: root, encoding: 'utf8' });
  if (!['', HOOKS].includes(asked.stdout?.trim())) return;
  spawnSync('husky', { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
