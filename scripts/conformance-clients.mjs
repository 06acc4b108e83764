import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { prepare } from './prepare.mjs';
import { runStep } from './progress.mjs';
import { hashFiles, readStamp } from './stamp.mjs';
import { env, node, root } from './toolchain.mjs';

// `yarn conformance:clients`: runs the Python clients people use against the built gateway. Ends with 1 when a check fails.
const folder = 'test/conformance/clients';
const requirements = join(folder, 'requirements.txt');
const cache = join(root, 'node_modules/.cache/conformance-clients');
const python = join(cache, 'bin/python');
const SERVE = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'test/conformance/serve.mts'];

if (spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0) await main();
else process.stdout.write('Skipped: the clients need python3 with venv and pip, which this machine lacks.\n');

async function main() {
  await prepare();
  if (!(await ensureClients())) {
    process.stdout.write('Skipped: pip could not install the clients, see above.\n');
    return;
  }
  const shared = { ...env, NEXUS_SYSTEM_SHARED_MEMORY: '/dev/shm' };
  const server = spawn(node, SERVE, { cwd: root, env: shared, stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(server.stdout), 'line');
  const { http, grpc } = JSON.parse(line);
  const results = await runClients(http, grpc);
  server.stdin.end();
  await once(server, 'exit');
  process.exitCode = results.every(({ outcome }) => outcome === 'passed') ? 0 : 1;
}

/** Makes the virtual environment anew when the requirements have changed; resolves to whether it is there. */
async function ensureClients() {
  const stamp = join(cache, '.nexus-installed');
  const wanted = hashFiles(root, [requirements]);
  if (readStamp(stamp) === wanted) return true;
  rmSync(cache, { recursive: true, force: true });
  const install = ['-m', 'pip', 'install', '--quiet', '-r', requirements];
  const made =
    (await runStep('making a Python environment', 'python3', ['-m', 'venv', cache], { cwd: root, env })) &&
    (await runStep('installing the clients', python, install, { cwd: root, env }));
  if (made) writeFileSync(stamp, wanted);
  return made;
}

async function runClients(http, grpc) {
  const results = [
    ...(await runClient('triton_http.py', http)),
    ...(await runClient('kserve_http.py', http)),
  ];
  if (grpc) {
    results.push(...(await runClient('triton_grpc.py', grpc)));
    results.push(...(await runClient('triton_shared_memory.py', http, grpc)));
  } else process.stdout.write('skipped  tritonclient gRPC: the server has no gRPC port\n');
  const failed = results.filter(({ outcome }) => outcome === 'failed').length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  return results;
}

/** Runs one client and prints a line for each of its checks; a client that breaks counts as a failed check. */
async function runClient(script, ...addresses) {
  const child = spawn(python, [script, ...addresses], {
    cwd: join(root, folder),
    env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => (errors += text));
  const closed = once(child, 'close');
  const results = [];
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) results.push(show(JSON.parse(line)));
  }
  const [code] = await closed;
  const reason = errors.trim().split('\n').at(-1);
  if (code !== 0) results.push(show({ client: script, check: 'runs', outcome: 'failed', reason }));
  return results;
}

function show(result) {
  const { outcome, client, check, reason } = result;
  process.stdout.write(`${outcome}  ${client}: ${check}${reason ? `: ${reason}` : ''}\n`);
  return result;
}
