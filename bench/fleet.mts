import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Relay } from '../test/e2e/support/relay.ts';
import { affine } from '../test/fixtures/models.ts';
import { save } from '../test/fixtures/onnx.ts';
import type { Effort } from './compare.mts';
import { quantileOf } from './cost.mts';
import { binaryRequest } from './load.mts';
import { startGateway } from './server.mts';
import { twiceTheCapacity } from './twice-capacity.mts';

const CONNECTIONS = 64;
const WIDTH = 64;
const MESSAGE = binaryRequest('x', [1, WIDTH], ['y']);
const DEADLINE_MS = 2000;
const BEFORE_SECONDS = 5;
const AFTER_SECONDS = 10;
/** Seconds after a fault in which latencies may be high. */
const RECOVERY_SECONDS = 5;
const SLOW_MS = 300;
/** Requests in flight that each target takes in the measurement of overload. */
const FEW_IN_FLIGHT = 8;

interface Sample {
  /** When the response had arrived. */
  readonly at: number;
  readonly ms: number;
  /** 0 if the request broke off. */
  readonly status: number;
}

/** Makes one of three workers fail under load, in four ways, and measures the latency of the gateway in each second. */
export async function fleet(effort: Effort): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'nexus-bench-'));
  save(join(folder, 'workers/double/1/model.onnx'), affine());
  const startWorker = () => startGateway(join(folder, 'workers'));
  const workers = await Promise.all([startWorker(), startWorker(), startWorker()]);
  const relay = await Relay.start(workers[2].url);
  const urls = [workers[0].url, workers[1].url, relay.url];
  const addModel = (name: string, settings: object) => {
    const targets = urls.map((url) => ({ url, model: 'double', ...settings }));
    save(join(folder, `gateway/${name}.yaml`), Buffer.from(JSON.stringify({ targets })));
  };
  addModel('double', {});
  addModel('crowded', { max_in_flight: FEW_IN_FLIGHT });
  const gateway = await startGateway(join(folder, 'gateway'));
  await overloaded(gateway.url, effort);
  const fails = (name: string, fault: () => unknown, recovery?: () => unknown) =>
    faulty(gateway.url, name, fault, recovery);
  await fails(
    `slow by ${SLOW_MS} ms`,
    () => (relay.delayMs = SLOW_MS),
    () => (relay.delayMs = 0),
  );
  let isRestarting = true;
  let restarts: Promise<void> | undefined;
  await fails(
    'restarting in a loop',
    () => (restarts = restart(relay, () => isRestarting)),
    async () => {
      isRestarting = false;
      await restarts;
    },
  );
  await fails(
    'hung',
    () => process.kill(workers[1].pid, 'SIGSTOP'),
    () => process.kill(workers[1].pid, 'SIGCONT'),
  );
  await fails('killed', () => process.kill(workers[0].pid, 'SIGKILL'));
  await relay.stop();
  await Promise.all([gateway, workers[1], workers[2]].map((server) => server.stop()));
  rmSync(folder, { recursive: true });
}

/** Lets a target come and go, as long as `isWanted`. It is there at the end. */
async function restart(relay: Relay, isWanted: () => boolean): Promise<void> {
  while (isWanted()) {
    await relay.down();
    await delay(500);
    await relay.up();
    await delay(500);
  }
}

/** Measures latencies before and after `fault`, and then waits until all targets are healthy after `recovery`. */
async function faulty(
  url: string,
  name: string,
  fault: () => unknown,
  recovery: (() => unknown) | undefined,
): Promise<void> {
  process.stderr.write(`a target is ${name}\n`);
  const load = startLoad(url, 'double', CONNECTIONS);
  // The first second warms up.
  await delay((1 + BEFORE_SECONDS) * 1000);
  const at = performance.now();
  fault();
  await delay(AFTER_SECONDS * 1000);
  const samples = await load.stop();
  const before = within(samples, at - BEFORE_SECONDS * 1000, at);
  const late = within(samples, at + RECOVERY_SECONDS * 1000, at + AFTER_SECONDS * 1000);
  const failed = samples.filter(({ status }) => status !== 200).length;
  const p99 = quantileOf(timesOf(before), 0.99);
  console.log(
    `one of three targets ${name}, ${CONNECTIONS} connections: ${failed} of ${samples.length} requests failed, ` +
      `p99 before ${p99.toFixed(1)} ms, from ${RECOVERY_SECONDS} s after it ${(quantileOf(timesOf(late), 0.99) / p99).toFixed(2)} of that`,
  );
  for (const [label, from, to] of secondsAround(at)) {
    const times = timesOf(within(samples, from, to));
    const [p50, high, most] = [0.5, 0.99, 1].map((quantile) => quantileOf(times, quantile).toFixed(1));
    console.log(`  ${label}: p50 ${p50} ms, p99 ${high} ms, maximum ${most} ms, ${times.length} requests`);
  }
  if (recovery === undefined) return;
  await recovery();
  await allHealthy(url);
}

/** Sends requests at twice the rate that the targets can answer, and measures how the gateway rejects the others. */
async function overloaded(url: string, effort: Effort): Promise<void> {
  const message = { path: '/v2/models/crowded/infer', connections: 3 * FEW_IN_FLIGHT, ...MESSAGE };
  const load = { url, width: WIDTH, deadlineMs: DEADLINE_MS, message, seconds: effort.seconds };
  console.log(`load of twice the capacity of the targets: ${await twiceTheCapacity(load, effort)}`);
}

function startLoad(url: string, model: string, connections: number) {
  const agent = new Agent({ keepAlive: true });
  const samples: Sample[] = [];
  const end = new AbortController();
  const client = async () => {
    while (!end.signal.aborted) {
      const sentAt = performance.now();
      const status = await send(`${url}/v2/models/${model}/infer`, agent);
      const at = performance.now();
      samples.push({ at, ms: at - sentAt, status });
    }
  };
  const clients = Array.from({ length: connections }, client);
  return {
    async stop(): Promise<readonly Sample[]> {
      end.abort();
      await Promise.all(clients);
      agent.destroy();
      return samples;
    },
  };
}

/** Resolves to the status, or to 0 if the request broke off. */
function send(url: string, agent: Agent): Promise<number> {
  const { body, headers } = MESSAGE;
  return new Promise((resolve) => {
    const sending = request(url, { method: 'POST', agent, headers: { ...headers } }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode!));
      answer.once('error', () => resolve(0));
    });
    sending.once('error', () => resolve(0));
    sending.end(body);
  });
}

async function allHealthy(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    if (!/^nexus_target_state\{.*state="(?:ejected|unreachable|unknown)"\} 1$/m.test(metrics)) return;
    await delay(200);
  }
  throw new Error('a target has not recovered');
}

/** The second before `at`, and those after it. */
function secondsAround(at: number): [label: string, from: number, to: number][] {
  const after = Array.from({ length: AFTER_SECONDS }, (_, second): [string, number, number] => [
    `second ${second + 1}`,
    at + second * 1000,
    at + (second + 1) * 1000,
  ]);
  return [['before', at - BEFORE_SECONDS * 1000, at], ...after];
}

function within(samples: readonly Sample[], from: number, to: number): readonly Sample[] {
  return samples.filter(({ at }) => at >= from && at < to);
}

function timesOf(samples: readonly Sample[]): number[] {
  return samples.map(({ ms }) => ms);
}
