import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { save } from '../test/fixtures/onnx.ts';
import { compare, median, medianRatio, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { binaryRequest, drive } from './load.mts';
import { smallPerceptron } from './models.mts';
import { goal } from './results.mts';
import { sample, sampleOf, type Sample } from './sample.mts';
import { print, startEcho, startGateway, startGrpcEcho, type Server } from './server.mts';
import { cell, measureTable, printTable, v2Messages, type Cells } from './table.mts';
import type { Traffic } from './traffic.mts';

const GATEWAY = 'Nexus';
const ECHO = 'Fastify echo';

/** Compares small requests to a small model with an echo of the same bodies. */
export async function smallest(effort: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  save(join(folder, 'mlp/1/model.onnx'), smallPerceptron());
  const [gateway, echo] = await Promise.all([startGateway(folder), startEcho()]);
  const messages = v2Messages('mlp');
  const sides = { [GATEWAY]: { server: gateway, messages }, [ECHO]: { server: echo, messages } };
  const cells = await measureTable('784-128-10', sides, effort);
  printTable(cells, Object.keys(sides));
  judge(cells);
  await Promise.all([gateway.stop(), echo.stop()]);
  rmSync(folder, { recursive: true });
}

function judge(cells: Cells): void {
  const of = (form: 'binary' | 'JSON', connections: number, side: string, key: keyof Sample) =>
    cells[cell(form, connections, side)]!.map((one) => one[key]);
  const gatewayCpu = (form: 'binary' | 'JSON', connections: number) =>
    of(form, connections, GATEWAY, 'serverUs');
  const [cpu64, rate64] = [gatewayCpu('binary', 64), of('binary', 64, GATEWAY, 'rate')];
  const echoCpu = medianRatio(cpu64, of('binary', 64, ECHO, 'serverUs'));
  goal('binary, 64 connections, CPU of the gateway process to that of the echo', echoCpu, 'at most', 1.3);
  const echoRate = medianRatio(rate64, of('binary', 64, ECHO, 'rate'));
  goal('binary, 64 connections, requests to those of the echo', echoRate, 'at least', 0.8);
  for (const connections of [256, 512]) {
    const ratio = medianRatio(gatewayCpu('binary', connections), cpu64);
    goal(`binary, CPU with ${connections} connections to that with 64`, ratio, 'at most', 1.15);
  }
  goal('binary, 1 connection, p50', median(of('binary', 1, GATEWAY, 'p50Ms')), 'at most', 0.12, 'ms');
  const withRunner = cells[cell('binary', 1, GATEWAY)]!.map((one) => one.serverUs + one.runnersUs);
  goal('binary, 1 connection, CPU of gateway and runner', median(withRunner), 'at most', 100, 'µs');
  const jsonCpu = medianRatio(gatewayCpu('JSON', 64), cpu64);
  goal('64 connections, CPU of the gateway with JSON to that with binary', jsonCpu, 'at most', 1.5);
}

/** Compares the gateway with a rate limit, which is on in all other benchmarks, and without. */
export async function rateLimiter({ rounds, seconds }: Effort): Promise<void> {
  const [limited, unlimited] = await Promise.all([
    startGateway('./models'),
    startGateway('./models', { NEXUS_RATE_LIMIT: '0' }),
  ]);
  const load = {
    path: '/v2/models/digits/infer',
    connections: 64,
    ...binaryRequest('image', [1, 8, 8], ['probabilities']),
  };
  for (const { url } of [limited, unlimited]) await drive(url, load, WARM_UP_SECONDS);
  await compare(
    rounds,
    'rate limiter',
    'no limit',
    'req/s',
    () => sample(unlimited, load, seconds),
    () => sample(limited, load, seconds),
  );
  await Promise.all([limited.stop(), unlimited.stop()]);
}

/** Compares the smallest sample model over gRPC with an echo of the same message; 64 concurrent calls on one connection. */
export async function smallestOverGrpc({ rounds, seconds }: Effort): Promise<void> {
  const [echo, gateway] = await Promise.all([startGrpcEcho(), startGateway('./models')]);
  const call = (server: Server, duration: number) =>
    sampleOf(
      server,
      async () => JSON.parse(await print('grpc-load.mts', server.grpc, 64, duration)) as Traffic,
    );
  for (const server of [gateway, echo]) await call(server, WARM_UP_SECONDS);
  await compare(
    rounds,
    'digits, gRPC',
    'grpc-js echo',
    'req/s',
    () => call(echo, seconds),
    () => call(gateway, seconds),
  );
  await Promise.all([echo.stop(), gateway.stop()]);
}
