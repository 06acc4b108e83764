import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { perceptron } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import type { Effort } from './compare.mts';
import { binaryRequest } from './load.mts';
import { startGateway } from './server.mts';
import { twiceTheCapacity } from './twice-capacity.mts';

/** 1 GFLOP per row, so that the cost of the load generator is small in comparison. */
const [WIDTH, LAYERS] = [2048, 128];
const DEADLINE_MS = 2000;

/** Sends requests at twice the capacity of the model, and measures how many are answered in time. */
export async function overload(effort: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  save(join(folder, 'mlp/1/model.onnx'), perceptron(WIDTH, LAYERS));
  const gateway = await startGateway(folder);
  const message = {
    path: '/v2/models/mlp/infer',
    connections: 128,
    ...binaryRequest('x', [1, WIDTH], ['y']),
  };
  const load = {
    url: gateway.url,
    width: WIDTH,
    deadlineMs: DEADLINE_MS,
    message,
    seconds: 2 * effort.seconds,
  };
  const result = await twiceTheCapacity(load, effort);
  console.log(`load of twice the capacity, deadline ${DEADLINE_MS} ms: ${result}`);
  await gateway.stop();
  rmSync(folder, { recursive: true });
}
