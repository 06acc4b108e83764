import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pythonClients, runAgainstGateway } from './client-checks.mjs';
import { ensureVenv, venvs } from './python.mjs';
import { env, node, root } from './toolchain.mjs';

const CLIENTS = 'test/conformance/clients';
const ENGINE = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', 'test/conformance/engine.mts'];

/** The API key of the gateway. */
const KEY = 'key-of-the-engine-checks';

/** The clients of models that the scripted engine runs, by environment. Their first argument is its control address. */
const SCRIPTED = {
  openai: [{ script: 'chat_openai.py', speaks: ['http'] }],
  'langchain-llama-index': [
    { script: 'chat_langchain.py', speaks: ['http'] },
    { script: 'chat_llama_index.py', speaks: ['http'] },
  ],
};

/** The client of a model that llama.cpp runs. */
const REAL = { openai: [{ script: 'chat_llama_cpp.py', speaks: ['http'] }] };

/**
 * Runs clients of the OpenAI API against the built gateway, in front of a scripted engine and of llama.cpp with a tiny model
 * of random weights. Resolves to the number of checks that passed and failed. What cannot be installed is skipped, and the
 * reason is printed.
 */
export async function runEngineChecks() {
  const scripted = await pythonClients(SCRIPTED);
  if (scripted.length === 0) return { passed: 0, failed: 0 };
  const repository = join(venvs, 'engine-models');
  rmSync(repository, { recursive: true, force: true });
  mkdirSync(repository, { recursive: true });
  const engine = await start([node, ...ENGINE]);
  const llama = await startLlama(join(venvs, 'tiny.gguf'));
  const write = (name, url, remote = 'retries: 0') =>
    writeFileSync(
      join(repository, `${name}.yaml`),
      `targets: [{ url: "${url}", protocol: openai, model: tiny }]\nremote: { ${remote} }\n`,
    );
  write('chat', engine.url);
  write('slow', engine.url, 'retries: 0, first_byte_timeout_ms: 300');
  // LlamaIndex's class for OpenAI accepts only names of OpenAI's models.
  write('gpt-4o', engine.url);
  if (llama !== undefined) write('llama', llama.url);
  const clients = scripted.map(({ command, ...how }) => ({
    command: [...command, engine.control],
    ...how,
  }));
  if (llama !== undefined) clients.push(...(await pythonClients(REAL)));
  try {
    return await runAgainstGateway(clients, { key: KEY, repository });
  } finally {
    await engine.stop();
    await llama?.stop();
  }
}

/** Starts llama.cpp with a model that it writes to `file`. Resolves to undefined if this machine cannot run it. */
async function startLlama(file) {
  const { python, reason } = await ensureVenv('llama-cpp', join(CLIENTS, 'llama-cpp.txt'));
  try {
    if (python === undefined) throw new Error(reason);
    return await start([python, join(CLIENTS, 'llama_cpp_engine.py'), file]);
  } catch (error) {
    process.stdout.write(`clients: llama.cpp skipped, this machine cannot run it: ${error.message}\n`);
    return undefined;
  }
}

/** Starts an engine, which prints its addresses as a line of JSON and ends when standard input does. */
async function start([program, ...args]) {
  const child = spawn(program, args, { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text) => (errors += text));
  const exited = once(child, 'exit');
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  if (typeof line !== 'string') throw new Error(`${args.at(-1)} did not start: ${errors}`);
  const stop = async () => {
    child.stdin.end();
    await exited;
  };
  return { ...JSON.parse(line), stop };
}
