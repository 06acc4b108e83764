import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { residentBytes } from '../test/e2e/support/processes.ts';
import { save } from '../test/fixtures/onnx.ts';
import { alternate, median, medianRatio, WARM_UP_SECONDS, type Effort } from './compare.mts';
import { cpuMsOf, quantileOf } from './cost.mts';
import { binaryRequest } from './load.mts';
import { sample, type Sample } from './sample.mts';
import { startGateway, startProxy, startUpstream, type Server } from './server.mts';
import { firstTokens, silentStreams } from './streams.mts';

const INFER = { path: '/v2/models/small/infer', ...binaryRequest('x', [1, 784], ['y']) };
const STREAMS = 200;
/** Open streams before and while memory is measured. */
const [FEW_SILENT, MANY_SILENT] = [200, 2200];
/** Time in which a process gives memory back, or not. */
const SETTLE_MS = 3000;

/** Compares requests that the gateway forwards to a target with those of a bare proxy, and with direct ones. */
export async function remote(effort: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  const upstream = await startUpstream();
  save(join(folder, 'small.yaml'), Buffer.from(`targets: [{ url: "${upstream.url}" }]`));
  save(
    join(folder, 'engine.yaml'),
    Buffer.from(`targets: [{ url: "${upstream.url}/v1", protocol: openai, max_in_flight: 4096 }]`),
  );
  const [gateway, whole, streaming] = await Promise.all([
    startGateway(folder),
    startProxy(upstream.url, 'whole'),
    startProxy(upstream.url, 'streams'),
  ]);
  const passing = { 'proxy of whole bodies': whole, 'proxy of streams': streaming, gateway };
  await cost(passing, 64, effort);
  await cost(passing, 1, effort);
  await latency({ direct: upstream, proxy: whole, gateway }, effort);
  await streams({ direct: upstream, proxy: streaming, gateway }, effort);
  await Promise.all([gateway.stop(), whole.stop(), streaming.stop()]);
  await memory('proxy', () => startProxy(upstream.url, 'streams'));
  await memory('gateway', () => startGateway(folder));
  await upstream.stop();
  rmSync(folder, { recursive: true });
}

/** CPU time and throughput of a small binary request to a model of tensors, the last side in relation to the others. */
async function cost(sides: Sides, connections: number, { rounds, seconds }: Effort): Promise<void> {
  const load = { ...INFER, connections };
  for (const server of Object.values(sides)) await sample(server, load, WARM_UP_SECONDS);
  const measures = Object.entries(sides).map(([name, server]) => [name, () => sample(server, load, seconds)]);
  const results = Object.entries(
    await alternate<Sample>(rounds, `cost at ${connections} connections`, Object.fromEntries(measures)),
  );
  const [lastName, last] = results.at(-1)!;
  for (const [name, samples] of results) {
    const of = (key: keyof Sample) => samples.map((one) => one[key]);
    const ratioOf = (key: keyof Sample) =>
      medianRatio(
        last.map((one) => one[key]),
        of(key),
      ).toFixed(2);
    console.log(
      `small V2 request, ${connections} connections, ${name}: ${median(of('serverUs')).toFixed(0)} µs CPU, ${median(of('rate')).toFixed(0)} req/s; ` +
        `${lastName} takes ${ratioOf('serverUs')} of its CPU, and reaches ${ratioOf('rate')} of its rate`,
    );
  }
}

type Sides = Readonly<Record<string, Server>>;

/** Time that sequential requests take on one connection, all sides in turn. */
async function latency(sides: Sides, { rounds, seconds }: Effort): Promise<void> {
  const clients = Object.entries(sides).map(([name, { url }]) => ({
    name,
    client: new Client(url),
    times: [] as number[],
  }));
  const { path, headers = {}, body } = INFER;
  const warm = performance.now() + seconds * 1000;
  const end = warm + rounds * seconds * 1000;
  process.stderr.write('latency of sequential requests\n');
  for (let now = performance.now(); now < end; now = performance.now()) {
    for (const { client, times } of clients) {
      const sentAt = performance.now();
      const answer = await client.request({ method: 'POST', path, headers, body });
      await answer.body.arrayBuffer();
      if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
      if (now > warm) times.push(performance.now() - sentAt);
    }
  }
  const direct = quantileOf(clients[0]!.times, 0.5);
  for (const { name, times } of clients) {
    const p50 = quantileOf(times, 0.5);
    console.log(
      `sequential requests, ${name}: p50 ${p50.toFixed(3)} ms, ${(p50 - direct).toFixed(3)} ms more than direct, ` +
        `p99 ${quantileOf(times, 0.99).toFixed(2)} ms, ${times.length} requests`,
    );
  }
  await Promise.all(clients.map(({ client }) => client.close()));
}

/** Time to the first token while many streams run. */
async function streams(sides: Sides, { rounds, seconds }: Effort): Promise<void> {
  const names = Object.keys(sides);
  const times = names.map(() => ({ p50: [] as number[], p99: [] as number[], cpu: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`${STREAMS} streams: round ${round} of ${rounds}\n`);
    for (const [index, { url, pid }] of Object.values(sides).entries()) {
      const [started, before] = [performance.now(), cpuMsOf(pid)];
      const measured = await firstTokens(url, STREAMS, seconds);
      // The first round warms up.
      if (round === 0) continue;
      times[index]!.p50.push(quantileOf(measured, 0.5));
      times[index]!.p99.push(quantileOf(measured, 0.99));
      times[index]!.cpu.push((100 * (cpuMsOf(pid) - before)) / (performance.now() - started));
    }
  }
  for (const [index, name] of names.entries()) {
    const { p50, p99, cpu } = times[index]!;
    const added = median(p99.map((ms, round) => ms - times[0]!.p99[round]!));
    console.log(
      `${STREAMS} streams of 50 tokens a second, ${name}: first token p50 ${median(p50).toFixed(2)} ms, p99 ${median(p99).toFixed(2)} ms, ` +
        `${added.toFixed(2)} ms more than direct at p99, ${median(cpu).toFixed(0)} % of a core`,
    );
  }
}

/** Memory of streams that are open and silent, in a new process: one that was busy has memory to spare. */
async function memory(name: string, start: () => Promise<Server>): Promise<void> {
  const server = await start();
  const { url, pid } = server;
  const closeFew = await silentStreams(url, FEW_SILENT);
  await delay(SETTLE_MS);
  const before = residentBytes(pid);
  const closeMany = await silentStreams(url, MANY_SILENT - FEW_SILENT);
  await delay(SETTLE_MS);
  const kB = (residentBytes(pid) - before) / 1000 / (MANY_SILENT - FEW_SILENT);
  console.log(`silent stream, ${name}: ${kB.toFixed(1)} kB resident, ${MANY_SILENT} open`);
  closeFew();
  closeMany();
  await server.stop();
}
