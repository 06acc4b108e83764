import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import { addGpuMetrics } from '../../../src/observability/metrics/gpu-metrics';
import { GpuReader } from '../../../src/observability/metrics/gpu-reader';

let folder: string;
let now: number;
let readers: GpuReader[];
let warnings: jest.SpyInstance;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nexus-gpu-'));
  now = 1000;
  readers = [];
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
});

afterEach(() => {
  jest.restoreAllMocks();
  for (const reader of readers) reader.close();
  rmSync(folder, { recursive: true });
});

/** Makes a `nvidia-smi` that runs `script`, and notes each of its runs. */
function nvidiaSmi(script: string): void {
  const path = join(folder, 'nvidia-smi');
  writeFileSync(path, `#!/bin/sh\necho "$*" >>${folder}/runs\n${script}\n`);
  chmodSync(path, 0o755);
}

function runs(): string[] {
  const notes = join(folder, 'runs');
  if (!existsSync(notes)) return [];
  return readFileSync(notes, 'utf8').trim().split('\n');
}

function openReader(): GpuReader {
  const reader = new GpuReader(join(folder, 'nvidia-smi'));
  readers.push(reader);
  return reader;
}

/** The samples that a scrape has. */
async function scrape(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function registryOf(reader: GpuReader): Registry {
  const registry = new Registry();
  addGpuMetrics(registry, reader);
  return registry;
}

/** Reads until `condition` holds. */
async function readUntil(
  reader: GpuReader,
  condition: (gpus: Awaited<ReturnType<GpuReader['read']>>) => boolean,
): Promise<void> {
  while (!condition(await reader.read())) await turn();
}

it('reports each GPU in base units, and leaves out what a GPU does not report', async () => {
  nvidiaSmi(
    'echo "GPU-a, 25, 1024, 81559, 120.5, 700.00"; echo "GPU-b, [N/A], 0, 81559, [Not Supported], 700.00"',
  );
  const reader = openReader();
  await readUntil(reader, (gpus) => gpus.length === 2);
  expect(await scrape(registryOf(reader))).toEqual([
    'nv_gpu_utilization{gpu_uuid="GPU-a"} 0.25',
    'nv_gpu_memory_used_bytes{gpu_uuid="GPU-a"} 1073741824',
    'nv_gpu_memory_used_bytes{gpu_uuid="GPU-b"} 0',
    'nv_gpu_memory_total_bytes{gpu_uuid="GPU-a"} 85520809984',
    'nv_gpu_memory_total_bytes{gpu_uuid="GPU-b"} 85520809984',
    'nv_gpu_power_usage{gpu_uuid="GPU-a"} 120.5',
    'nv_gpu_power_limit{gpu_uuid="GPU-a"} 700',
    'nv_gpu_power_limit{gpu_uuid="GPU-b"} 700',
    'nv_energy_consumption{gpu_uuid="GPU-a"} 0',
  ]);
  expect(runs()).toEqual([
    '--query-gpu=uuid,utilization.gpu,memory.used,memory.total,power.draw,power.limit --format=csv,noheader,nounits',
  ]);
});

it('asks once in 5 seconds, and integrates power to energy', async () => {
  nvidiaSmi('echo "GPU-a, 0, 0, 1, $(wc -l <"$(dirname "$0")/runs")00, 700"');
  const reader = openReader();
  await readUntil(reader, ([gpu]) => gpu?.energy === 0);
  now += 4_999;
  await reader.read();
  expect(runs()).toHaveLength(1);
  now += 5_001;
  await readUntil(reader, ([gpu]) => gpu?.power === 200);
  expect(runs()).toHaveLength(2);
  // 100 W, then 200 W, 10 s apart.
  expect((await reader.read())[0]!.energy).toBe(1500);
});

it('warns once about a failure, and tries again after 5 minutes', async () => {
  nvidiaSmi('echo "driver mismatch"; exit 9');
  const reader = openReader();
  await readUntil(reader, () => warnings.mock.calls.length > 0);
  expect(warnings.mock.calls).toEqual([
    ['nvidia-smi failed, so /metrics has no GPU metrics for 5 minutes: exit code 9, driver mismatch'],
  ]);
  now += 299_000;
  expect(await reader.read()).toEqual([]);
  expect(runs()).toHaveLength(1);
  now += 1_000;
  await readUntil(reader, () => runs().length === 2);
  nvidiaSmi('echo "GPU-a, 0, 0, 1, 1, 700"');
  await readUntil(reader, (gpus) => {
    now += 300_000;
    return gpus.length === 1;
  });
  expect(warnings).toHaveBeenCalledTimes(1);
});

it('does not wait for one that hangs, and starts no second one', async () => {
  nvidiaSmi('exec sleep 60');
  const reader = openReader();
  expect(await reader.read()).toEqual([]);
  await readUntil(reader, () => runs().length === 1);
  now += 15_001;
  expect(await reader.read()).toEqual([]);
  expect(warnings.mock.calls).toEqual([
    ['nvidia-smi failed, so /metrics has no GPU metrics for 5 minutes: it does not end'],
  ]);
  now += 600_000;
  await reader.read();
  expect(runs()).toHaveLength(1);
});

it('has no series without nvidia-smi', async () => {
  expect(await scrape(registryOf(openReader()))).toEqual([]);
});
