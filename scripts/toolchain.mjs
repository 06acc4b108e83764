import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runStep, stop } from './progress.mjs';
import { hashFiles, readStamp } from './stamp.mjs';

const OLDEST_NODE = 20;
const NODE = 24;

/** The repository's root folder. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const folder = join(root, 'scripts/toolchain');
const stamp = join(folder, 'node_modules/.nexus-installed');
const ownMajor = Number.parseInt(process.versions.node, 10);
const pinned = join(folder, 'node_modules/.bin/node');
// This script may already run on the pinned Node, if a script put it on the PATH.
const needsPinned = ownMajor < NODE || process.execPath.startsWith(folder);

/** Node 24 or later: that of the machine if it is new enough, otherwise the pinned one. */
export const node = needsPinned ? pinned : process.execPath;

/** The pinned Yarn, a script to run with `node`. */
export const yarn = join(folder, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js');

/** The environment of all tools: `node` and the project's commands come first on the PATH. */
export const env = {
  ...process.env,
  PATH: [dirname(node), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
};

/** Installs the pinned Yarn and, if the Node of the machine is older, Node 24, unless they are installed. */
export async function ensureToolchain() {
  if (ownMajor < OLDEST_NODE) {
    stop(`Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or later.`);
  }
  if (process.platform !== 'linux') {
    process.stderr.write(`nexus: tested only on Linux, not on ${process.platform}; continuing.\n`);
  }
  const hash = hashFiles(root, ['scripts/toolchain/package-lock.json']);
  if (existsSync(node) && readStamp(stamp) === hash) return;

  const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
  if (!needsPinned) args.push('--omit=optional');
  if (!(await runStep('installing the toolchain', 'npm', args, { cwd: folder }))) {
    stop('npm could not install scripts/toolchain: see the messages above, check the network and try again.');
  }
  if (!existsSync(node)) {
    stop(`no Node ${NODE} package exists for ${process.platform} ${process.arch}: install it yourself.`);
  }
  writeFileSync(stamp, hash);
}
