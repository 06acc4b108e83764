import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { save } from '../test/fixtures/onnx.ts';
import { alternate, compare, median, type Effort } from './compare.mts';
import { drive, type Load } from './load.mts';
import { LARGE, sum } from './models.mts';
import { goal } from './results.mts';
import { sample } from './sample.mts';
import { measure, startGateway, startParser, type Server } from './server.mts';
import { jsonMessage } from './table.mts';

/** Times the numbers of a large image: a body of 30 MB. */
const HUGE = 10;

/** Compares images in JSON with what Fastify and JSON.parse take, and measures health checks beside large bodies. */
export async function large(effort: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  save(join(folder, 'sum/1/model.onnx'), sum());
  const [gateway, parser] = await Promise.all([startGateway(folder), startParser()]);
  const images = loadOf(LARGE, 8);
  for (const { url } of [gateway, parser]) await drive(url, images, effort.seconds);
  const ratio = await compare(
    effort.rounds,
    `${LARGE} numbers in JSON`,
    'Fastify with JSON.parse',
    'req/s',
    () => sample(parser, images, effort.seconds),
    () => sample(gateway, images, effort.seconds),
  );
  goal(`${LARGE} numbers in JSON, requests to those of Fastify with JSON.parse`, ratio, 'at least', 0.9);
  await healthBeside(`${LARGE} numbers in JSON`, gateway, images, 10, effort);
  await healthBeside('bodies of 30 MB in JSON', gateway, loadOf(HUGE * LARGE, 2), 25, effort);
  await Promise.all([gateway.stop(), parser.stop()]);
  rmSync(folder, { recursive: true });
}

/** Measures `/health/live` while `load` is sent. Its 99th percentile should be at most `limitMs`. */
async function healthBeside(
  name: string,
  { url }: Server,
  load: Load,
  limitMs: number,
  { rounds, seconds }: Effort,
): Promise<void> {
  const health = `/health/live beside ${name}`;
  const results = await alternate(rounds, health, {
    p99: async () => {
      const probe = measure('latency.mts', `${url}/health/live`, seconds);
      return (await Promise.all([probe, drive(url, load, seconds)]))[0];
    },
  });
  const p99 = median(results['p99']!);
  console.log(`${health}: p99 ${p99.toFixed(1)} ms`);
  goal(`${health}, p99`, p99, 'at most', limitMs, 'ms');
}

/** Rows of `count` numbers, each with as many digits as a quotient has. */
function loadOf(count: number, connections: number): Load {
  const data = Array.from({ length: count }, (_, index) => (index % LARGE) / LARGE);
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, count], data }];
  return { ...jsonMessage('/v2/models/sum/infer', { inputs }), connections };
}
