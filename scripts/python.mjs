import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryStep } from './progress.mjs';
import { hashFiles, readStamp } from './stamp.mjs';
import { env, root } from './toolchain.mjs';

/** The folder of the virtual environments. */
export const venvs = join(root, 'node_modules/.cache/python');

const PIP = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-deps', '--no-compile'];

/** Why this machine cannot create virtual environments; undefined if it can. */
export function missingPython() {
  const probe = spawnSync('python3', ['-c', 'import venv, ensurepip'], { encoding: 'utf8' });
  if (probe.error) return 'python3 is not installed';
  if (probe.status !== 0) return `python3 lacks venv or pip: ${lastLine(probe.stderr)}`;
}

/**
 * Creates a virtual environment with the packages in the file `requirements`, or recreates it if the file has changed.
 * Resolves to the path of its `python`, or to the `reason` why it could not be created.
 */
export async function ensureVenv(name, requirements) {
  const folder = join(venvs, name);
  const python = join(folder, 'bin/python');
  const stamp = join(folder, '.nexus-installed');
  const { stdout: version } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  const hash = `${version.trim()} ${hashFiles(root, [requirements])}`;
  if (readStamp(stamp) === hash) return { python };

  rmSync(folder, { recursive: true, force: true });
  const steps = [
    [`creating a Python environment for ${name}`, 'python3', ['-m', 'venv', folder]],
    [`installing ${name}`, python, [...PIP, '--only-binary', ':all:', '-r', requirements]],
  ];
  for (const [label, file, args] of steps) {
    const { succeeded, output } = await tryStep(label, file, args, { cwd: root, env });
    if (!succeeded) return { reason: lastLine(output) };
  }
  writeFileSync(stamp, hash);
  return { python };
}

function lastLine(output) {
  return output.trim().split('\n').at(-1);
}
