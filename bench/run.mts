import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE_OF_SEVEN } from '../src/inference/rest/v2.examples.ts';
import { perceptron } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { binaryRequest, drive, type Load } from './load.mts';
import { measure, startEcho, startGateway, startGrpcEcho } from './server.mts';

/*
 * The gateway against its ceilings, measured in turns in one run: `yarn bench [rounds] [seconds]`. Absolute numbers
 * differ from machine to machine and from minute to minute; the ratios are what counts.
 */
const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 3);
const WIDTH = 4096;
/** Layers of two models, with 0.13 and 2.1 GFLOP a row; an image takes 8 in a ResNet-50. */
const MODELS = { 'light MLP': 4, 'heavy MLP': 64 };
const ROWS = 64;
/** So long the compiler takes until the way of a request is all machine code. */
const WARM_UP_SECONDS = 8;

console.log(
  `${availableParallelism()} cores, Node ${process.version}, ${rounds} rounds of ${seconds} s, medians\n`,
);
await smallest();
await smallestOverGrpc();
for (const [name, layers] of Object.entries(MODELS)) await perceptrons(name, layers);

/** The smallest sample model against an echo of the same body. */
async function smallest(): Promise<void> {
  const [echo, gateway] = await Promise.all([startEcho(), startGateway('./models')]);
  const path = '/v2/models/digits/infer';
  const inputs = [{ name: 'image', datatype: 'FP32', shape: [1, 8, 8], data: IMAGE_OF_SEVEN.flat() }];
  const loads: Record<string, Load> = {
    'digits, binary': { path, connections: 64, ...binaryRequest('image', [1, 8, 8], ['probabilities']) },
    'digits, JSON': { path, connections: 64, body: Buffer.from(JSON.stringify({ inputs })) },
  };
  for (const [name, load] of Object.entries(loads)) {
    await drive(gateway.url, load, WARM_UP_SECONDS);
    await drive(echo.url, load, WARM_UP_SECONDS);
    await compare(
      name,
      'Fastify echo',
      'req/s',
      () => drive(echo.url, load, seconds),
      () => drive(gateway.url, load, seconds),
    );
  }
  await echo.stop();
  const unlimited = await startGateway('./models', { NEXUS_RATE_LIMIT: '0' });
  const load = loads['digits, binary']!;
  await drive(unlimited.url, load, WARM_UP_SECONDS);
  await compare(
    'rate limiter',
    'without it',
    'req/s',
    () => drive(unlimited.url, load, seconds),
    () => drive(gateway.url, load, seconds),
  );
  await Promise.all([gateway.stop(), unlimited.stop()]);
}

/** The smallest sample model over gRPC against an echo of the same message; 64 calls at once on one connection. */
async function smallestOverGrpc(): Promise<void> {
  const [echo, gateway] = await Promise.all([startGrpcEcho(), startGateway('./models')]);
  const call = (address: string, duration: number) => measure('grpc-load.mts', address, 64, duration);
  await call(gateway.grpc, WARM_UP_SECONDS);
  await call(echo.grpc, WARM_UP_SECONDS);
  await compare(
    'digits, gRPC',
    'grpc-js echo',
    'req/s',
    () => call(echo.grpc, seconds),
    () => call(gateway.grpc, seconds),
  );
  await Promise.all([echo.stop(), gateway.stop()]);
}

/** A model whose time is spent in ONNX Runtime against session.run without HTTP, and health while it is saturated. */
async function perceptrons(name: string, layers: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const model = join(folder, 'mlp/1/model.onnx');
  save(model, perceptron(WIDTH, layers));
  const gateway = await startGateway(folder);
  // Twice the rows of a batch: while one half is computed, the other is on its way.
  const load: Load = {
    path: '/v2/models/mlp/infer',
    connections: 2 * ROWS,
    ...binaryRequest('x', [1, WIDTH], ['y']),
  };
  const threads = availableParallelism();
  // A batch of the heavy one takes half a second.
  const long = seconds * 3;
  await drive(gateway.url, load, seconds);
  await compare(
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
  console.log(`/health/live p99 while it is saturated: ${health.toFixed(1)} ms`);
  await gateway.stop();
  rmSync(folder, { recursive: true });
}

async function compare(
  name: string,
  ceilingName: string,
  unit: string,
  measureCeiling: () => Promise<number>,
  measureGateway: () => Promise<number>,
): Promise<void> {
  const ceilings: number[] = [];
  const gateways: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`${name}: round ${round} of ${rounds}\n`);
    ceilings.push(await measureCeiling());
    gateways.push(await measureGateway());
  }
  const ratio = median(gateways.map((rate, index) => rate / ceilings[index]!));
  console.log(
    `${name}: gateway ${Math.round(median(gateways))} ${unit}, ${ceilingName} ${Math.round(median(ceilings))} ${unit}, ratio ${ratio.toFixed(2)}`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
