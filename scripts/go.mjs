import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tryStep } from './progress.mjs';
import { env, root } from './toolchain.mjs';

/**
 * Builds the program `name` of the Go package `path` at `version`, unless it exists. Resolves to the path of the
 * `program`, or to the `reason` why it could not be built.
 */
export async function ensureGoProgram(name, path, version) {
  const folder = join(root, 'node_modules/.cache/go', `${name}-${version}`);
  const program = join(folder, name);
  if (existsSync(program)) return { program };
  if (spawnSync('go', ['version']).error) return { reason: 'go is not installed' };
  const { succeeded, output } = await tryStep(`building ${name}`, 'go', ['install', `${path}@${version}`], {
    cwd: root,
    env: { ...env, GOBIN: folder, GOFLAGS: '' },
  });
  return succeeded ? { program } : { reason: output.trim().split('\n').at(-1) };
}
