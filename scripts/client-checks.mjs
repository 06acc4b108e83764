import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureGoProgram } from './go.mjs';
import { ensureVenv, missingPython, venvs } from './python.mjs';
import { env, node, root } from './toolchain.mjs';

const folder = 'test/conformance/clients';
const SERVE = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'test/conformance/serve.mts'];
const LIMIT_MS = 180_000;

/** grpcurl as it is pinned. */
const GRPCURL = ['grpcurl', 'github.com/fullstorydev/grpcurl/cmd/grpcurl', 'v1.9.3'];

/** The clients in Python: what each environment has is pinned in `<name>.txt`; its scripts get the address of HTTP or of gRPC, or both. */
const ENVIRONMENTS = {
  'tritonclient-kserve': [
    { script: 'triton_http.py', speaks: ['http'] },
    { script: 'triton_http_control.py', speaks: ['http'] },
    { script: 'triton_grpc.py', speaks: ['grpc'] },
    { script: 'triton_grpc_control.py', speaks: ['grpc'] },
    { script: 'triton_shared_memory.py', speaks: ['http', 'grpc'] },
    { script: 'kserve_client.py', speaks: ['http', 'grpc'] },
  ],
  mlserver: [{ script: 'mlserver_client.py', speaks: ['http', 'grpc'] }],
  'openapi-python-client': [{ script: 'openapi_python_client.py', speaks: ['http'] }],
  perf_analyzer: [{ script: 'perf_analyzer.py', speaks: ['http', 'grpc'] }],
};

/**
 * Runs the clients that people use against the built gateway and prints a line for each. Resolves to how many of
 * their checks passed and failed. What cannot be installed here is skipped, which a line says with the reason.
 */
export async function runClientChecks() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const clients = [...(await pythonClients()), ...(await goClients())];
  if (clients.length === 0) return counts;
  const server = spawn(node, SERVE, { cwd: root, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await Promise.race([once(createInterface(server.stdout), 'line'), once(server, 'exit')]);
  if (typeof line !== 'string') {
    print('failed, for the gateway did not start');
    return { ...counts, failed: 1 };
  }
  const addresses = JSON.parse(line);
  for (const { command, speaks } of clients) {
    const args = speaks.map((protocol) => addresses[protocol]);
    for (const [outcome, count] of Object.entries(await runClient([...command, ...args])))
      counts[outcome] += count;
  }
  server.stdin.end();
  await once(server, 'exit');
  return counts;
}

/** The clients in Python that this machine can run, each with its `command`, without the addresses. */
async function pythonClients() {
  const missing = missingPython();
  if (missing !== undefined) {
    print(`those in Python are skipped, for ${missing}`);
    return [];
  }
  const installed = [];
  for (const [name, clients] of Object.entries(ENVIRONMENTS)) {
    const { python, reason } = await ensureVenv(name, join(folder, `${name}.txt`));
    if (python)
      installed.push(...clients.map(({ script, speaks }) => ({ command: [python, script], speaks })));
    else print(`${name} is skipped, for it cannot be installed: ${reason}`);
  }
  return installed;
}

/** As {@link pythonClients}, for those in Go. */
async function goClients() {
  const { program, reason } = await ensureGoProgram(...GRPCURL);
  if (program) return [{ command: [node, 'grpcurl.mjs', program], speaks: ['grpc'] }];
  print(`grpcurl is skipped, for it cannot be built: ${reason}`);
  return [];
}

/** Runs one client; one that breaks or hangs has a failed check. Resolves to its counts. */
async function runClient([program, script, ...args]) {
  const started = Date.now();
  const child = spawn(program, [script, ...args], {
    cwd: join(root, folder),
    env: { ...env, PYTHONPYCACHEPREFIX: join(venvs, 'bytecode') },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let errors = '';
  child.stderr.on('data', (text) => (errors += text));
  const closed = once(child, 'close');
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const take = ({ outcome, check, reason }) => {
    counts[outcome]++;
    if (outcome !== 'passed') print([script, check, outcome, reason].filter(Boolean).join(': '));
  };
  for await (const line of createInterface(child.stdout)) if (line.startsWith('{')) take(JSON.parse(line));
  const [code, signal] = await closed;
  const reason = signal ? `not done after ${LIMIT_MS / 1000} s` : errors.trim().split('\n').at(-1);
  if (code !== 0) take({ check: 'all', outcome: 'failed', reason });
  const { passed, failed } = counts;
  print(`${script}: ${passed} passed, ${failed} failed, ${Math.round((Date.now() - started) / 1000)} s`);
  return counts;
}

function print(line) {
  process.stdout.write(`clients: ${line}\n`);
}
