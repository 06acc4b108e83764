import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE_OF_SEVEN } from '../src/rest/http/sample-image.ts';
import { affine } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { compare, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { drive, type Load } from './load.mts';
import { sample } from './sample.mts';
import { measure, startGateway } from './server.mts';

/** Number of elements of an RGB image of 224 by 224 pixels. */
const MANY = 224 * 224 * 3;

/** Compares predictions with V2 requests in JSON, for the same image and output. */
export async function predictions({ rounds, seconds }: Effort): Promise<void> {
  const gateway = await startGateway('./models');
  const outputs = ['probabilities'];
  const tensor = { name: 'image', datatype: 'FP32', shape: [1, 8, 8], data: [IMAGE_OF_SEVEN] };
  const v2 = post('/v2/models/digits/infer', 64, { inputs: [tensor], outputs: [{ name: outputs[0] }] });
  const body = { inputs: { image: [IMAGE_OF_SEVEN] }, outputs, top_k: 0 };
  const prediction = post('/v1/models/digits/predict', 64, body);
  for (const load of [v2, prediction]) await drive(gateway.url, load, WARM_UP_SECONDS);
  await compare(
    rounds,
    'prediction of digits',
    'V2 with JSON',
    'req/s',
    () => sample(gateway, v2, seconds),
    () => sample(gateway, prediction, seconds),
  );
  await gateway.stop();
}

/** Measures health checks during predictions with the elements of a large image. */
export async function large({ seconds }: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  save(join(folder, 'affine/1/model.onnx'), affine());
  const gateway = await startGateway(folder);
  const x = Array.from({ length: MANY }, (_, index) => index / MANY);
  const load = post('/v1/models/affine/predict', 4, { inputs: { x } });
  await drive(gateway.url, load, seconds);
  const [health, rate] = await Promise.all([
    measure('latency.mts', `${gateway.url}/health/live`, 3 * seconds),
    drive(gateway.url, load, 3 * seconds),
  ]);
  console.log(
    `predictions with ${MANY} numbers, ${rate.toFixed(0)} req/s: /health/live p99 ${health.toFixed(1)} ms`,
  );
  await gateway.stop();
  rmSync(folder, { recursive: true });
}

function post(path: string, connections: number, body: object): Load {
  return { path, connections, body: Buffer.from(JSON.stringify(body)) };
}
