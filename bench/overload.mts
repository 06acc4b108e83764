import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { perceptron } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { median, type Effort } from './compare.mts';
import { binaryRequest, drive } from './load.mts';
import { print, startGateway } from './server.mts';

/** 1 GFLOP per row, so that the cost of the load generator is small in comparison. */
const [WIDTH, LAYERS] = [2048, 128];
const DEADLINE_MS = 2000;

/** Sends requests at twice the capacity of the model, and measures how many are answered in time. */
export async function overload({ rounds, seconds }: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  save(join(folder, 'mlp/1/model.onnx'), perceptron(WIDTH, LAYERS));
  const gateway = await startGateway(folder);
  const path = '/v2/models/mlp/infer';
  const load = { path, connections: 128, ...binaryRequest('x', [1, WIDTH], ['y']) };
  await drive(gateway.url, load, seconds);
  const results: { ratio: number; refused: number; refusedP99Ms: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`overload: round ${round} of ${rounds}\n`);
    const capacity = await drive(gateway.url, load, seconds);
    const args = [gateway.url + path, WIDTH, 2 * capacity, 2 * seconds, DEADLINE_MS];
    const { good, ...rejections } = JSON.parse(await print('open-loop.mts', ...args)) as {
      good: number;
      refused: number;
      refusedP99Ms: number;
    };
    results.push({ ratio: good / capacity, ...rejections });
  }
  const of = (key: keyof (typeof results)[number]) => median(results.map((result) => result[key]));
  console.log(
    `load of twice the capacity, deadline ${DEADLINE_MS} ms: ${of('ratio').toFixed(2)} of the capacity answered in time, ` +
      `${Math.round(100 * of('refused'))} % rejected, 99 of 100 rejections within ${of('refusedP99Ms').toFixed(1)} ms`,
  );
  await gateway.stop();
  rmSync(folder, { recursive: true });
}
