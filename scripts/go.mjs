import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tryStep } from './progress.mjs';
import { env, root } from './toolchain.mjs';

/**
 * Builds the program `name` of the Go package `path` at `version`, unless that is there. Resolves to its `program`, or
 * to the `reason` why there is none.
 */
export async function ensureGoProgram(name, path, version) {
  const folder = join(root, 'node_modules/.cache/go', `${name}-${version}`);
  const program = join(folder, name);
  if (existsSync(program)) return { program };
  if (spawnSync('go', ['version']).error) return { reason: 'there is no go' };
  const { succeeded, output } = await tryStep(`building ${name}`, 'go', ['install', `${path}@${version}`], {
    cwd: root,
    env: { ...env, GOBIN: folder, GOFLAGS: '' },
  });
  return succeeded ? { program } : { reason: output.trim().split('\n').at(-1) };
}
