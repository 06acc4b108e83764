import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { HTTP_STATUS } from '../../../src/transport/error-status';
import { selfSigned } from '../../fixtures/certificate';
import { affine, counter } from '../../fixtures/models';
import { countTo, messageOf, oneRow } from '../../fixtures/requests';
import { duplicateSeries, samplesOf } from '../support/exposition';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { HAS_PROMTOOL, parse, promtool, queries } from '../support/monitoring';
import { freePort, HAS_REDIS, Redis } from '../support/redis';
import { ScriptedEngine } from '../support/scripted-engine';
import { answer, ScriptedTarget } from '../support/scripted-target';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2);
const NVIDIA_SMI = '#!/bin/sh\necho "GPU-a, 25, 1024, 81559, 120.5, 700.00"\n';
/** Labels that Prometheus adds to every series. */
const ADDED = ['job', 'instance'];
/** Metrics that only Prometheus has. */
const OF_PROMETHEUS = ['up'];
/** Metrics that are exported only with Redis. */
const WITH_REDIS = ['nexus_limits_redis_up', 'nexus_limits_fallbacks_total'];

let files: Repository;
let tools: Repository;
let tls: Repository;
let small: Repository;
let target: ScriptedTarget;
let engine: ScriptedEngine;
let redis: Redis | undefined;
let gateway: Gateway;
let several: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  const pair = selfSigned();
  tls = new Repository().add('tls.crt', pair.cert).add('tls.key', pair.key);
  tools = new Repository().add('nvidia-smi', NVIDIA_SMI);
  chmodSync(join(tools.path, 'nvidia-smi'), 0o755);
  target = await ScriptedTarget.start({
    good: (response) => answer(response),
    bad: (response) => void response.writeHead(500).end(),
  });
  engine = await ScriptedEngine.start();
  if (HAS_REDIS) redis = await Redis.start(await freePort());
  const url = JSON.stringify(target.url);
  files = new Repository()
    .model('m', affine(2), 'cache: true\nlabels:\n  y: [one, two]\n')
    .add('m/2/model.onnx', affine(3))
    .model('pair', affine(), 'max_batch_rows: 2\nmax_queue_delay_us: 2000000\n')
    .model('narrow', counter(), 'max_queue_rows: 1\nmax_batch_rows: 1\npriority_levels: 2\n')
    .add('good.yaml', `targets: [{ url: ${url} }]`)
    .add('bad.yaml', `targets: [{ url: ${url} }]\nremote: { retries: 1 }\nfallback: [m]`)
    .add('chat.yaml', `targets: [{ url: "${engine.url}", protocol: openai, model: tiny }]`);
  small = new Repository().model('m', affine());
  [gateway, several] = await Promise.all([
    Gateway.start(files, {
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: '*',
      PATH: `${tools.path}:${process.env.PATH}`,
    }),
    Gateway.start(small, {
      NEXUS_PROCESSES: '2',
      NEXUS_TLS_CERT: join(tls.path, 'tls.crt'),
      NEXUS_TLS_KEY: join(tls.path, 'tls.key'),
      ...(redis === undefined ? {} : { NEXUS_REDIS_URL: redis.url }),
      PATH: `${tools.path}:${process.env.PATH}`,
    }),
  ]);
  client = new GrpcClient(gateway.grpc);
});

afterAll(() => tearDown(client, gateway, several, redis, engine, target, files, small, tools, tls));

const scrape = async () => (await gateway.fetch('/metrics')).text();

/** The metrics of the gateway that has several processes and TLS. */
async function scrapeSeveral(): Promise<string> {
  const outgoing = request(`${several.url}/metrics`, { rejectUnauthorized: false }).end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return text(incoming);
}

const put = (path: string, body: object) => gateway.send(path, { method: 'PUT', body: JSON.stringify(body) });

/** Has the gateway serve, batch, refuse, fall back, retry, mirror and forward. */
async function exercise(): Promise<void> {
  await put('/v1/models/m/traffic', { weights: { '1': 1 }, shadow: { version: '2', share: 1 } });
  for (let times = 0; times < 2; times++) expect((await gateway.infer('m', x)).status).toBe(200);
  expect((await gateway.infer('m', oneRow(3, 4))).status).toBe(200);
  expect((await gateway.infer('m', { inputs: [] })).status).toBe(400);
  expect((await client.call('ModelInfer', messageOf('m', x))).error).toBeUndefined();
  expect((await gateway.infer('good', x)).status).toBe(200);
  expect((await gateway.infer('bad', x)).status).toBe(200);
  const chat = await gateway.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'chat', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  });
  expect(await chat.text()).toContain('[DONE]');
  const together = await Promise.all([gateway.infer('pair', x), gateway.infer('pair', x)]);
  expect(together.map(({ status }) => status)).toEqual([200, 200]);
  await refuse();
}

/** Fills the queue of `narrow`, so that it refuses a request. */
async function refuse(): Promise<void> {
  const proceed = gateway.halt('narrow');
  const running = gateway.infer('narrow', countTo(1));
  await gateway.running('narrow');
  const waiting = gateway.infer('narrow', countTo(1));
  await gateway.queued('narrow', 1);
  expect((await gateway.infer('narrow', countTo(1))).status).toBe(429);
  proceed();
  expect([(await running).status, (await waiting).status]).toEqual([200, 200]);
}

/** The names of the labels of each metric. */
function labelsOf(exposition: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { name, labels } of samplesOf(exposition)) {
    const known = found.get(name) ?? new Set(ADDED);
    for (const label of labels) known.add(label.slice(0, label.indexOf('=')));
    found.set(name, known);
  }
  return found;
}

describe('the dashboards and rules', () => {
  let exported: Map<string, Set<string>>;
  const selectors = queries.flatMap(({ at, expr }) =>
    parse(expr).selectors.map((selector) => ({ at, ...selector })),
  );
  const notExported = [...OF_PROMETHEUS, ...(HAS_REDIS ? [] : WITH_REDIS)];
  const isRecorded = (name: string) => name.includes(':');

  beforeAll(async () => {
    await exercise();
    // The first reading of nvidia-smi may take longer than a scrape waits.
    let first = await scrape();
    while (!first.includes('nv_gpu_utilization{')) first = await scrape();
    exported = new Map([...labelsOf(await scrapeSeveral()), ...labelsOf(await scrape())]);
  });

  it('name only metrics that a gateway exports', () => {
    const unknown = selectors.filter(
      ({ name }) => !exported.has(name) && !isRecorded(name) && !notExported.includes(name),
    );
    expect(unknown.map(({ at, name }) => `${at}: ${name}`)).toEqual([]);
  });

  it('select only labels that these have, and values that occur', () => {
    const unknown = selectors.flatMap(({ at, name, matchers }) =>
      matchers
        .filter(({ label }) => exported.has(name) && !exported.get(name)!.has(label))
        .map(({ label }) => `${at}: ${name}{${label}}`),
    );
    expect(unknown).toEqual([]);
    const outcomes = selectors
      .filter(({ name }) => name === 'nexus_inference_requests_total')
      .flatMap(({ matchers }) => matchers.filter(({ label }) => label === 'outcome'))
      .flatMap(({ value }) => value.split('|'));
    expect([...new Set(outcomes)].filter((outcome) => !(outcome in HTTP_STATUS))).toEqual([]);
    const states = selectors
      .filter(({ name }) => name.endsWith('_state'))
      .flatMap(({ matchers }) => matchers.filter(({ label }) => label === 'state'))
      .flatMap(({ value }) => value.split('|'));
    expect(new Set(states)).toEqual(new Set(['READY', 'UNAVAILABLE', 'ejected', 'unreachable']));
  });

  it('group by and show only labels that these have', () => {
    const unknown = queries.flatMap(({ at, expr, shown }) => {
      const { selectors: found, grouping } = parse(expr);
      const metrics = found.filter(({ name }) => exported.has(name));
      if (metrics.length === 0) return [];
      const labels = new Set(metrics.flatMap(({ name }) => [...exported.get(name)!]));
      return [
        ...(grouping ?? []).filter((label) => !labels.has(label)),
        ...shown.filter((label) => !(grouping ?? [...labels]).includes(label)),
      ].map((label) => `${at}: ${label}`);
    });
    expect(unknown).toEqual([]);
  });
});

describe('/metrics', () => {
  /** Names that are interfaces: of Triton, and of Node's usual metrics. */
  const EXEMPT = /^(?:nv_\w+|nodejs_active_(?:handles|requests|resources)_total) /;

  it('has no series twice', async () => {
    expect(duplicateSeries(await scrape())).toEqual([]);
    expect(duplicateSeries(await scrapeSeveral())).toEqual([]);
  });

  (HAS_PROMTOOL ? it : it.skip)('passes promtool', async () => {
    for (const exposition of [await scrape(), await scrapeSeveral()]) {
      const { output } = promtool(['check', 'metrics'], exposition);
      expect(output.split('\n').filter((line) => line !== '' && !EXEMPT.test(line))).toEqual([]);
    }
  });

  it('has the GPUs of the machine once, also with several processes', async () => {
    let found: string[] = [];
    while (found.length === 0)
      found = (await scrapeSeveral()).split('\n').filter((line) => line.startsWith('nv_gpu_power_usage{'));
    expect(found).toEqual(['nv_gpu_power_usage{gpu_uuid="GPU-a"} 120.5']);
  });

  it('has no series of models that were unloaded', async () => {
    const modelsIn = async () => new Set((await scrape()).match(/\bmodel="[^"]*"/g));
    expect((await modelsIn()).size).toBe(6);
    for (const model of ['m', 'pair', 'narrow', 'good', 'bad', 'chat'])
      expect((await gateway.send(`/v2/repository/models/${model}/unload`, { method: 'POST' })).status).toBe(
        200,
      );
    expect(await modelsIn()).toEqual(new Set());
  });
});
