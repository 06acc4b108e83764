import { IMAGE_OF_SEVEN } from '../src/rest/http/sample-image.ts';
import { compare, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { drive, type Load } from './load.mts';
import { sample } from './sample.mts';
import { startGateway } from './server.mts';

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

function post(path: string, connections: number, body: object): Load {
  return { path, connections, body: Buffer.from(JSON.stringify(body)) };
}
