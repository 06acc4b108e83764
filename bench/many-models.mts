import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affine } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { startGateway } from './server.mts';

const MODELS = 1000;
const COLD_REQUESTS = 10;

/** A repository of small models that are loaded on demand: start-up time, memory, and cold starts. */
export async function manyModels(): Promise<void> {
  for (const isolation of ['own', 'shared']) await inProcesses(isolation);
}

async function inProcesses(isolation: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  for (let index = 0; index < MODELS; index++) save(join(folder, `m${index}/1/model.onnx`), affine());
  const started = performance.now();
  const gateway = await startGateway(folder, {
    NEXUS_LOAD: 'on_demand',
    NEXUS_ISOLATION: isolation,
    NEXUS_LOG_LEVEL: 'warn',
  });
  const startMs = performance.now() - started;
  console.log(`${MODELS} models, isolation ${isolation}: start-up in ${(startMs / 1000).toFixed(1)} s`);
  console.log(`resident memory of the gateway: ${mebibytes(gateway.pid)} MiB`);
  const excess: number[] = [];
  for (let index = 0; index < COLD_REQUESTS; index++) excess.push(await coldExcess(gateway.url, `m${index}`));
  const sorted = excess.toSorted((one, other) => one - other);
  console.log(`cold start, without loading the model: ${sorted.map(Math.round).join(', ')} ms`);
  await gateway.stop();
  rmSync(folder, { recursive: true });
}

/** How much longer the first request of `model` took than loading it, in milliseconds. */
async function coldExcess(url: string, model: string): Promise<number> {
  const started = performance.now();
  const answer = await fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: '{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}',
  });
  await answer.arrayBuffer();
  const tookMs = performance.now() - started;
  if (answer.status !== 200) throw new Error(`model ${model} responded with ${answer.status}`);
  const { versions } = (await (await fetch(`${url}/v1/models/${model}`)).json()) as {
    versions: { load_ms: number }[];
  };
  return tookMs - versions[0]!.load_ms;
}

/** Resident memory of the process `pid`, in MiB. */
function mebibytes(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024);
}
