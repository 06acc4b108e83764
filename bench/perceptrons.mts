import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { affine, perceptron } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import { alternate, median, medianRatio, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { binaryRequest, drive, type Load } from './load.mts';
import { goal } from './results.mts';
import { sample, type Sample } from './sample.mts';
import { measure, print, startGateway } from './server.mts';

const WIDTH = 4096;

/** A compute-bound model. */
interface Perceptron {
  readonly name: string;
  /** Layers, of 0.034 GFLOP per row each. For comparison, an image in a ResNet-50 takes 8 GFLOP. */
  readonly layers: number;
  /** Goal: throughput at 64 connections, as a share of `session.run` with the best batch. */
  readonly atLeast: number;
  /** Length of a round, times the usual one. A batch of the heavy model takes half a second or more. */
  readonly times: number;
}

const MODELS: readonly Perceptron[] = [
  { name: 'light MLP', layers: 4, atLeast: 0.85, times: 3 },
  { name: 'heavy MLP', layers: 64, atLeast: 0.95, times: 6 },
];

/** Batch sizes that `session.run` is measured with. */
const BATCHES = [16, 32, 64, 128];

const RAW = 'session.run';
const FEW = '64 connections';
const MANY = '256 connections';

/** Compares compute-bound models with session.run without HTTP, and measures health checks under saturation. */
export async function perceptrons(effort: Effort): Promise<void> {
  for (const model of MODELS) await against(model, effort);
}

async function against(model: Perceptron, { rounds, seconds }: Effort): Promise<void> {
  const { name, layers, atLeast, times } = model;
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const file = join(folder, 'mlp/1/model.onnx');
  save(file, perceptron(WIDTH, layers));
  save(join(folder, 'affine/1/model.onnx'), affine());
  const long = seconds * times;
  const best = await raw(file, long, BATCHES);
  const gateway = await startGateway(folder);
  const of = (path: string, connections: number): Load => ({
    path: `/v2/models/${path}/infer`,
    connections,
    ...binaryRequest('x', [1, WIDTH], ['y']),
  });
  // Heavy models answer too few requests for the JIT to compile their path. A gateway in service is compiled.
  await drive(gateway.url, of('affine', 64), WARM_UP_SECONDS);
  // The first 32 batches are verified.
  await drive(gateway.url, of('mlp', 64), 2 * long);
  const results = await alternate<Partial<Sample> & { rate: number }>(rounds, name, {
    [RAW]: () => raw(file, long, [best.rows]),
    [FEW]: () => sample(gateway, of('mlp', 64), long),
    [MANY]: () => sample(gateway, of('mlp', 256), long),
  });
  const [ceiling, few, many] = [RAW, FEW, MANY].map((side) => results[side]!.map(({ rate }) => rate)) as [
    number[],
    number[],
    number[],
  ];
  console.log(
    `${name}, ${layers} layers ${WIDTH} wide, rows/s: ${RAW} ${median(ceiling).toFixed(1)} (batches of ${best.rows})`,
  );
  for (const [side, rates] of [
    [FEW, few],
    [MANY, many],
  ] as const) {
    const us = (key: 'serverUs' | 'runnersUs') => median(results[side]!.map((one) => one[key]!)).toFixed(0);
    console.log(
      `  ${side}: ${median(rates).toFixed(1)}, ratio ${medianRatio(rates, ceiling).toFixed(2)}; ` +
        `${us('serverUs')} µs CPU a row + ${us('runnersUs')} µs of the runner`,
    );
  }
  goal(
    `${name}, ${FEW}, rows to those of ${RAW} with the best batch`,
    medianRatio(few, ceiling),
    'at least',
    atLeast,
  );
  const [low, high] = [median(few), median(many)].toSorted((one, other) => one - other) as [number, number];
  goal(`${name}, the lower of 64 and 256 connections to the higher`, low / high, 'at least', 0.9);
  const [health] = await Promise.all([
    measure('latency.mts', `${gateway.url}/health/live`, long),
    drive(gateway.url, of('mlp', 64), long),
  ]);
  console.log(`  /health/live p99 under saturation: ${health.toFixed(1)} ms`);
  await gateway.stop();
  rmSync(folder, { recursive: true });
}

/** Measures `session.run` on all cores with batches of each of `sizes`. */
async function raw(
  file: string,
  seconds: number,
  sizes: readonly number[],
): Promise<{ rate: number; rows: number }> {
  const printed = await print('raw-session.mts', file, WIDTH, availableParallelism(), seconds, ...sizes);
  const [rate, rows] = printed.split(' ').map(Number) as [number, number];
  return { rate, rows };
}
