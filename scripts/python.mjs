import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryStep } from './progress.mjs';
import { hashFiles, readStamp } from './stamp.mjs';
import { env, root } from './toolchain.mjs';

/** Where the virtual environments are. */
export const venvs = join(root, 'node_modules/.cache/python');

const PIP = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-deps', '--no-compile'];

/** What this machine lacks to have a virtual environment, in words; undefined when it has everything. */
export function missingPython() {
  const found = spawnSync('python3', ['-c', 'import venv, ensurepip'], { encoding: 'utf8' });
  if (found.error) return 'there is no python3';
  if (found.status !== 0) return `python3 lacks venv or pip: ${lastLine(found.stderr)}`;
}

/**
 * Makes a virtual environment with what the file `requirements` pins, anew when that has changed. Resolves to its
 * `python`, or to the `reason` why there is none.
 */
export async function ensureVenv(name, requirements) {
  const folder = join(venvs, name);
  const python = join(folder, 'bin/python');
  const stamp = join(folder, '.nexus-installed');
  const { stdout: version } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  const wanted = `${version.trim()} ${hashFiles(root, [requirements])}`;
  if (readStamp(stamp) === wanted) return { python };

  rmSync(folder, { recursive: true, force: true });
  const steps = [
    [`making a Python environment for ${name}`, 'python3', ['-m', 'venv', folder]],
    [`installing ${name}`, python, [...PIP, '--only-binary', ':all:', '-r', requirements]],
  ];
  for (const [label, file, args] of steps) {
    const { succeeded, output } = await tryStep(label, file, args, { cwd: root, env });
    if (!succeeded) return { reason: lastLine(output) };
  }
  writeFileSync(stamp, wanted);
  return { python };
}

function lastLine(output) {
  return output.trim().split('\n').at(-1);
}
