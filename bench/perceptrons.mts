import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { perceptron } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { compare, type Effort } from './compare.mts';
import { binaryRequest, drive, type Load } from './load.mts';
import { measure, startGateway } from './server.mts';

const WIDTH = 4096;
/** Layers of two models, with 0.13 and 2.1 GFLOP per row. For comparison, an image in a ResNet-50 takes 8 GFLOP. */
const MODELS = { 'light MLP': 4, 'heavy MLP': 64 };
const ROWS = 64;

/** Compares compute-bound models with session.run without HTTP, and measures health checks under saturation. */
export async function perceptrons(effort: Effort): Promise<void> {
  for (const [name, layers] of Object.entries(MODELS)) await against(name, layers, effort);
}

async function against(name: string, layers: number, { rounds, seconds }: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const model = join(folder, 'mlp/1/model.onnx');
  save(model, perceptron(WIDTH, layers));
  const gateway = await startGateway(folder);
  // Twice the rows of a batch: while one half runs, the other half is in transit.
  const load: Load = {
    path: '/v2/models/mlp/infer',
    connections: 2 * ROWS,
    ...binaryRequest('x', [1, WIDTH], ['y']),
  };
  const threads = availableParallelism();
  // A batch of the heavy model takes half a second.
  const long = seconds * 3;
  await drive(gateway.url, load, seconds);
  await compare(
    rounds,
    `${name}, ${layers} layers ${WIDTH} wide`,
    'session.run',
    'rows/s',
    () => measure('raw-session.mts', model, WIDTH, ROWS, threads, long),
    () => drive(gateway.url, load, long),
  );
  const [health] = await Promise.all([
    measure('latency.mts', `${gateway.url}/health/live`, long),
    drive(gateway.url, load, long),
  ]);
  console.log(`/health/live p99 under saturation: ${health.toFixed(1)} ms`);
  await gateway.stop();
  rmSync(folder, { recursive: true });
}
