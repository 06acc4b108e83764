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

/** The pinned grpcurl. */
const GRPCURL = ['grpcurl', 'github.com/fullstorydev/grpcurl/cmd/grpcurl', 'v1.9.3'];

/** The API key of the gateway that requires one. */
const KEY = 'key-of-the-client-checks';

/**
 * The Python clients, by environment. `<name>.txt` pins the packages of an environment; its scripts receive the HTTP
 * address, the gRPC address, or both. `keys` lists the gateways that they run against: one without a key, and one that
 * requires a key, which is their last argument then.
 */
const ENVIRONMENTS = {
  'tritonclient-kserve': [
    { script: 'triton_http.py', speaks: ['http'] },
    { script: 'triton_http_control.py', speaks: ['http'] },
    { script: 'triton_grpc.py', speaks: ['grpc'] },
    { script: 'triton_grpc_control.py', speaks: ['grpc'] },
    { script: 'triton_shared_memory.py', speaks: ['http', 'grpc'] },
    { script: 'kserve_client.py', speaks: ['http', 'grpc'] },
    { script: 'triton_keys.py', speaks: ['http', 'grpc'], keys: [KEY] },
    { script: 'kserve_keys.py', speaks: ['http', 'grpc'], keys: [KEY] },
  ],
  mlserver: [
    { script: 'mlserver_client.py', speaks: ['http', 'grpc'] },
    { script: 'mlserver_keys.py', speaks: ['http', 'grpc'], keys: [KEY] },
  ],
  openai: [
    { script: 'openai_client.py', speaks: ['http'], keys: [undefined, KEY] },
    { script: 'openai_embeddings.py', speaks: ['http'] },
  ],
  cohere: [{ script: 'cohere_client.py', speaks: ['http'], keys: [KEY] }],
  'openapi-python-client': [{ script: 'openapi_python_client.py', speaks: ['http'] }],
  perf_analyzer: [{ script: 'perf_analyzer.py', speaks: ['http', 'grpc'] }],
};

/** The clients that are packages of this project. */
const NODE_CLIENTS = [{ command: [node, 'openai_client.mjs'], speaks: ['http'], keys: [KEY] }];

/**
 * Runs popular clients against the built gateway and prints a line for each. Resolves to the number of checks that
 * passed and failed. Clients that cannot be installed are skipped, and the reason is printed.
 */
export async function runClientChecks() {
  const clients = [...(await pythonClients(ENVIRONMENTS)), ...(await goClients()), ...NODE_CLIENTS];
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const key of [undefined, KEY]) {
    const some = clients.filter(({ keys = [undefined] }) => keys.includes(key));
    if (some.length > 0) add(counts, await runAgainstGateway(some, { key }));
  }
  return counts;
}

/**
 * Runs `clients` against a gateway that requires `key`, or none if it is undefined, and serves the models of the folder
 * `repository`, by default those of test/conformance/serve.mts.
 */
export async function runAgainstGateway(clients, { key, repository }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const settings = key === undefined ? {} : { NEXUS_API_KEY: key };
  const options = { cwd: root, env: { ...env, ...settings }, stdio: ['pipe', 'pipe', 'inherit'] };
  const server = spawn(node, [...SERVE, ...(repository === undefined ? [] : [repository])], options);
  const [line] = await Promise.race([once(createInterface(server.stdout), 'line'), once(server, 'exit')]);
  if (typeof line !== 'string') {
    print('failed: the gateway did not start');
    return { ...counts, failed: 1 };
  }
  const addresses = JSON.parse(line);
  for (const { command, speaks } of clients) {
    const args = speaks.map((protocol) => addresses[protocol]);
    add(counts, await runClient([...command, ...args, ...(key === undefined ? [] : [key])]));
  }
  server.stdin.end();
  await once(server, 'exit');
  return counts;
}

function add(counts, more) {
  for (const [outcome, count] of Object.entries(more)) counts[outcome] += count;
}

/**
 * The Python clients of `environments` that this machine can run, each with its `command`, without the addresses. Prints why
 * others are skipped.
 */
export async function pythonClients(environments) {
  const missing = missingPython();
  if (missing !== undefined) {
    print(`Python clients skipped: ${missing}`);
    return [];
  }
  const installed = [];
  for (const [name, clients] of Object.entries(environments)) {
    const { python, reason } = await ensureVenv(name, join(folder, `${name}.txt`));
    if (python)
      installed.push(...clients.map(({ script, ...how }) => ({ command: [python, script], ...how })));
    else print(`${name} skipped, cannot install it: ${reason}`);
  }
  return installed;
}

/** The Go clients, in the same form. */
async function goClients() {
  const { program, reason } = await ensureGoProgram(...GRPCURL);
  if (program)
    return [
      { command: [node, 'grpcurl.mjs', program], speaks: ['grpc'] },
      { command: [node, 'grpcurl-keys.mjs', program], speaks: ['grpc'], keys: [KEY] },
    ];
  print(`grpcurl skipped, cannot build it: ${reason}`);
  return [];
}

/** Runs one client and resolves to its counts. A client that crashes or hangs counts as a failed check. */
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
  const reason = signal ? `timed out after ${LIMIT_MS / 1000} s` : errors.trim().split('\n').at(-1);
  if (code !== 0) take({ check: 'all', outcome: 'failed', reason });
  const { passed, failed } = counts;
  print(`${script}: ${passed} passed, ${failed} failed, ${Math.round((Date.now() - started) / 1000)} s`);
  return counts;
}

function print(line) {
  process.stdout.write(`clients: ${line}\n`);
}
