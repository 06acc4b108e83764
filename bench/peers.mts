import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { save } from '../test/fixtures/onnx.ts';
import { outputOf, spawnChild } from './children.mts';
import type { Effort } from './compare.mts';
import { smallPerceptron } from './models.mts';
import { startEcho, startGateway, startPython, type Server } from './server.mts';
import { jsonMessage, measureTable, NUMBERS, printTable, v2Messages, type Side } from './table.mts';
import type { Message } from './traffic.mts';

/** Time limit for the first response of a server. */
const START_MS = 120_000;

/** Compares small requests to a small model with Python servers that run the same file. */
export async function peers(effort: Effort): Promise<void> {
  const pythons = await install('fastapi', 'mlserver', 'litserve');
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const model = join(folder, 'mlp/1/model.onnx');
  save(model, smallPerceptron());
  const own = {
    binary: {
      path: '/binary',
      body: Buffer.from(new Float32Array(NUMBERS).buffer),
      headers: { 'content-type': 'application/octet-stream' },
    },
    JSON: jsonMessage('/json', { x: NUMBERS }),
  };
  const v2 = v2Messages('mlp');
  const python = (name: keyof typeof pythons, ...args: readonly string[]) =>
    startPython(pythons[name]!, `peers/${name}_server.py`, model, ...args);
  const sides: Record<string, Side> = {
    Nexus: { server: await startGateway(folder), messages: v2 },
    'Fastify echo': { server: await startEcho(), messages: v2 },
    FastAPI: { server: await python('fastapi', 'single'), messages: own },
    'FastAPI with batches': { server: await python('fastapi', 'batches'), messages: own },
    MLServer: { server: await python('mlserver'), messages: { JSON: v2.JSON } },
    LitServe: {
      server: await python('litserve'),
      messages: { JSON: jsonMessage('/predict', { x: NUMBERS }) },
    },
  };
  for (const { server, messages } of Object.values(sides)) await ready(server, messages.JSON!);
  printTable(await measureTable('peers', sides, effort), Object.keys(sides));
  await Promise.all(Object.values(sides).map(({ server }) => server.stop()));
  rmSync(folder, { recursive: true });
}

/** Installs the packages of each peer. Resolves to their `python`. */
async function install(...names: readonly string[]): Promise<Record<string, string>> {
  const output = await outputOf(spawnChild(process.execPath, ['scripts/bench-peers.mjs', ...names]));
  return JSON.parse(output) as Record<string, string>;
}

/** Resolves when a server answers `message`. @throws Error if it does not within two minutes. */
async function ready({ url }: Server, { path, body, headers = {} }: Message): Promise<void> {
  const end = performance.now() + START_MS;
  let answer = '';
  while (performance.now() < end) {
    try {
      const response = await fetch(url + path, { method: 'POST', headers, body: new Uint8Array(body) });
      if (response.ok) return;
      answer = `${response.status} ${await response.text()}`;
    } catch (error) {
      answer = String(error);
    }
    await delay(100);
  }
  throw new Error(`${url}${path} did not become ready: ${answer}`);
}
