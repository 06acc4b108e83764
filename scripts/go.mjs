import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tryStep } from './progress.mjs';
import { env, root } from './toolchain.mjs';

/** The environment of all Go commands: no C compiler is needed, and no flags or workspace of the user's change what is built. */
export const goEnv = { ...env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };

/** Without the symbol tables, which are a third of a program. */
export const STRIPPED = '-s -w';

/** Where {@link ensureGoProgram} puts the program `name` of that version. */
export function goProgram(name, version) {
  return join(root, 'node_modules/.cache/go', `${name}-${version}`, name);
}

/** Why this machine cannot build Go programs; undefined if it can. */
export function missingGo() {
  return spawnSync('go', ['version']).error && 'go is not installed';
}

/**
 * Builds the program `name` of the Go package `path` at `version`, unless it exists. Resolves to the path of the
 * `program`, or to the `reason` why it could not be built.
 */
export async function ensureGoProgram(name, path, version) {
  const program = goProgram(name, version);
  if (existsSync(program)) return { program };
  const reason = missingGo();
  if (reason !== undefined) return { reason };
  const { succeeded, output } = await tryStep(
    `building ${name}`,
    'go',
    ['install', `-ldflags=${STRIPPED}`, `${path}@${version}`],
    { cwd: root, env: { ...goEnv, GOBIN: join(program, '..') } },
  );
  return succeeded ? { program } : { reason: output.trim().split('\n').at(-1) };
}
