import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { tryStep } from './progress.mjs';
import { ensureVenv, missingPython, venvs } from './python.mjs';
import { env, node, root } from './toolchain.mjs';

const folder = join(root, 'test/contract/schemathesis');
/** With a key, Schemathesis also checks that requests without one are rejected. */
const KEY = 'key-for-contract-checks';
const LOADING = '/(un)?load$';

/** Loading and unloading come last, because they change the models. */
const CHECKS = {
  'all operations except loading': ['--exclude-path-regex', LOADING],
  'loading and unloading': ['--include-path-regex', LOADING],
};

/**
 * Checks the built gateway, with the sample models, against its OpenAPI document with Schemathesis, and prints a line for
 * each check. `args` are options of `st run`. Resolves to the number of checks that passed and failed. If Schemathesis
 * cannot be installed, the checks are skipped and the reason is printed.
 */
export async function runContractChecks(args) {
  const counts = { passed: 0, failed: 0 };
  const python = await installedPython();
  if (python === undefined) return counts;
  const memory = mkdtempSync(join(tmpdir(), 'nexus-contract-'));
  // The file that the example of a shared memory region names.
  writeFileSync(join(memory, 'example'), Buffer.alloc(64));
  const gateway = await startGateway(memory);
  if (gateway === undefined) {
    print('failed: the gateway did not start');
    return { ...counts, failed: 1 };
  }
  for (const [name, operations] of Object.entries(CHECKS)) {
    const passed = await runCheck(python, name, [`${gateway.url}/openapi.json`, ...operations, ...args]);
    counts[passed ? 'passed' : 'failed']++;
  }
  await gateway.stop();
  rmSync(memory, { recursive: true });
  return counts;
}

/** The `python` with Schemathesis; if it cannot be installed, undefined, and the reason is printed. */
async function installedPython() {
  const missing = missingPython();
  if (missing !== undefined) {
    print(`skipped: ${missing}`);
    return undefined;
  }
  const { python, reason } = await ensureVenv('schemathesis', 'test/contract/schemathesis/requirements.txt');
  if (python === undefined) print(`skipped, cannot install Schemathesis: ${reason}`);
  return python;
}

/** Starts the built gateway with the sample models, on free ports. Resolves to undefined if it does not start. */
async function startGateway(memory) {
  const settings = {
    NEXUS_PORT: '0',
    NEXUS_GRPC_PORT: '0',
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
    NEXUS_LOAD_MODELS: '*',
    NEXUS_RATE_LIMIT: '0',
    NEXUS_API_KEY: KEY,
    NEXUS_SYSTEM_SHARED_MEMORY: memory,
    NEXUS_STATE_FILE: join(memory, 'state.json'),
  };
  const child = spawn(node, ['dist/main.js'], {
    cwd: root,
    env: { ...env, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = async () => {
    if (child.exitCode === null && child.kill()) await once(child, 'exit');
  };
  for await (const line of createInterface(child.stderr)) {
    const url = /Docs\s+(\S+)\/docs/.exec(line)?.[1];
    if (url !== undefined) return { url, stop };
  }
}

/** Runs Schemathesis, with its caches outside of the sources, and prints its findings. Resolves to whether it has none. */
async function runCheck(python, name, args) {
  const cwd = join(venvs, 'schemathesis-runs');
  mkdirSync(cwd, { recursive: true });
  const config = ['--no-color', '--config-file', join(folder, 'schemathesis.toml')];
  const header = ['--header', `Authorization: Bearer ${KEY}`];
  const { succeeded, output } = await tryStep(
    `contract of ${name}`,
    join(dirname(python), 'st'),
    [...config, 'run', '--workers', '1', ...header, ...args],
    {
      cwd,
      env: { ...env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  const cases = /(\d+) generated/.exec(output)?.[1];
  if (!succeeded)
    process.stderr.write(
      /^=+ (?:FAILURES|ERRORS) =+$[^]*?(?=^=+ (?:WARNINGS|SUMMARY) =)/m.exec(output)?.[0] ?? output,
    );
  print(`${name}: ${cases ?? 'no'} cases, ${succeeded ? 'as documented' : 'not as documented'}`);
  return succeeded;
}

function print(line) {
  process.stdout.write(`contract: ${line}\n`);
}
