import { randomBytes } from 'node:crypto';
import { affine } from '../../fixtures/models';
import { pipeline } from '../../fixtures/pipelines';
import { messageOf, oneRow } from '../../fixtures/requests';
import { Collector, type Span } from '../support/collector';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { ScriptedEngine } from '../support/scripted-engine';
import { answer, ScriptedTarget } from '../support/scripted-target';
import { tearDown } from '../support/tear-down';

const X = oneRow(1, 2);
const KEY = 'a-key-that-no-span-may-contain';

let collector: Collector;
let target: ScriptedTarget;
let engine: ScriptedEngine;
let files: Repository;
let frontFiles: Repository;
let back: Gateway;
let front: Gateway;
let grpc: GrpcClient;
/** Headers that the scripted target has received. */
const received: Record<string, unknown>[] = [];

beforeAll(async () => {
  collector = await Collector.start();
  target = await ScriptedTarget.start({
    m: (response, { headers }) => {
      received.push(headers);
      answer(response);
    },
  });
  engine = await ScriptedEngine.start();
  files = new Repository().model('affine', affine()).sample('sentences');
  files.add(
    'twice/model.yaml',
    pipeline(['x'], ['z'], ['affine', { x: 'x' }, { y: 'h' }], ['affine', { x: 'h' }, { y: 'z' }]),
  );
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20' };
  back = await Gateway.start(files, {
    ...env,
    OTEL_SERVICE_NAME: 'back',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  frontFiles = new Repository()
    .add('far.yaml', `targets: [{ url: "${back.url}", model: affine }]`)
    .add('far-grpc.yaml', `targets: [{ url: "http://${back.grpc}", protocol: v2-grpc, model: affine }]`)
    .add('scripted.yaml', `targets: [{ url: "${target.url}", model: m, api_key: env:ENGINE_KEY }]`)
    .add(
      'chat.yaml',
      `targets: [{ url: "${engine.url}", protocol: openai, model: tiny, api_key: env:ENGINE_KEY }]`,
    );
  front = await Gateway.start(frontFiles, {
    ...env,
    OTEL_SERVICE_NAME: 'front',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    ENGINE_KEY: KEY,
  });
  grpc = new GrpcClient(front.grpc);
});

afterAll(() => tearDown(grpc, front, back, frontFiles, files, target, engine, collector));

/** A context as a client sends it. */
function context(flags = '01') {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  return { traceId, spanId, traceparent, headers: { traceparent } };
}

const post = (gateway: Gateway, path: string, body: object, headers: Record<string, string> = {}) =>
  gateway.send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const infer = (gateway: Gateway, model: string, headers: Record<string, string> = {}) =>
  post(gateway, `/v2/models/${model}/infer`, X, headers);

/** The only span with this name, of this service if it is given. */
function only(spans: readonly Span[], name: string, service?: string): Span {
  const found = spans.filter(
    (span) => span.name === name && (service === undefined || span.resource['service.name'] === service),
  );
  expect(found).toHaveLength(1);
  return found[0]!;
}

const ROUTE = 'POST /v2/models/:model/infer';
const ATTEMPT = 'POST /v2/models/{model}/infer';
const CALL = 'inference.GRPCInferenceService/ModelInfer';

it('follows a request over HTTP to another gateway, in one trace', async () => {
  const { traceId, spanId, traceparent } = context();
  expect((await infer(front, 'far', { traceparent, tracestate: 'vendor=1' })).status).toBe(200);
  const spans = await collector.trace(traceId, 9);

  const served = only(spans, ROUTE, 'front');
  const attempt = only(spans, ATTEMPT);
  const far = only(spans, ROUTE, 'back');
  expect([served, attempt, far].map((span) => [span.kind, span.parentSpanId])).toEqual([
    ['server', spanId],
    ['client', served.spanId],
    ['server', attempt.spanId],
  ]);
  expect(far.traceState).toBe('vendor=1');
  const steps = spans.filter(({ parentSpanId }) => parentSpanId === far.spanId);
  expect(steps.map(({ name }) => name).toSorted()).toEqual(['decode', 'encode', 'queue', 'run']);
  for (const { start, end } of steps) {
    expect(start >= far.start && end <= far.end && start <= end).toBe(true);
  }
  expect(served.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/v2/models/:model/infer',
    'http.response.status_code': 200,
    'url.path': '/v2/models/far/infer',
    'url.scheme': 'http',
    'nexus.model.name': 'far',
    'nexus.request.rows': 1,
    'nexus.target': new URL(back.url).host,
  });
  expect(attempt.attributes).toMatchObject({
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(back.url).port),
    'nexus.attempt.outcome': 'success',
  });
  expect(far.resource).toMatchObject({ 'deployment.environment.name': 'test', 'service.version': '0.1.0' });
  expect(collector.requests.map(({ headers }) => headers['x-team'])).toContain('blue');

  const line = await front.logged(({ trace_id }) => trace_id === traceId);
  expect(line).toMatchObject({ span_id: served.spanId, model: 'far' });
  await back.logged(({ trace_id, span_id }) => trace_id === traceId && span_id === far.spanId);
});

it('follows a request over gRPC to another gateway, in one trace', async () => {
  const { traceId, spanId, traceparent } = context();
  const { error } = await grpc.call('ModelInfer', messageOf('far-grpc', X), { traceparent });
  expect(error).toBeUndefined();
  const spans = await collector.trace(traceId, 9);
  const served = only(
    spans.filter(({ kind }) => kind === 'server'),
    CALL,
    'front',
  );
  const attempt = only(
    spans.filter(({ kind }) => kind === 'client'),
    CALL,
  );
  const far = only(spans, CALL, 'back');
  expect([served, attempt, far].map(({ parentSpanId }) => parentSpanId)).toEqual([
    spanId,
    served.spanId,
    attempt.spanId,
  ]);
  expect(far.attributes).toMatchObject({
    'rpc.system': 'grpc',
    'rpc.service': 'inference.GRPCInferenceService',
    'rpc.method': 'ModelInfer',
    'rpc.grpc.status_code': 0,
  });
  await back.logged(({ trace_id, method }) => trace_id === traceId && method === 'gRPC');
});

it('links a run to the requests that shared it, and each request to the run', async () => {
  const direct = new GrpcClient(back.grpc);
  const [first, second] = [context(), context()];
  const resume = back.halt('affine');
  const running = infer(back, 'affine', { traceparent: context().traceparent });
  await back.running('affine');
  const http = infer(back, 'affine', first.headers);
  await back.queued('affine', 1);
  const call = direct.call('ModelInfer', messageOf('affine', X), { traceparent: second.traceparent });
  const unsampled = infer(back, 'affine', { traceparent: context('00').traceparent });
  await back.queued('affine', 3);
  resume();
  await Promise.all([running, http, call, unsampled]);
  direct.close();

  const ofFirst = await collector.trace(first.traceId, 5);
  const ofSecond = await collector.trace(second.traceId, 5);
  const [runOfFirst, runOfSecond] = [only(ofFirst, 'run'), only(ofSecond, 'run')];
  const batch = await collector.until(() =>
    collector.spans.find(({ spanId }) => spanId === runOfFirst.links[0]),
  );
  expect(runOfSecond.links).toEqual([batch.spanId]);
  expect(batch).toMatchObject({ name: 'batch', parentSpanId: '', kind: 'internal' });
  const servers = [only(ofFirst, ROUTE), only(ofSecond, CALL)];
  expect(batch.links.toSorted()).toEqual(servers.map(({ spanId }) => spanId).toSorted());
  expect(batch.attributes).toEqual({
    'nexus.model.name': 'affine',
    'nexus.model.version': '1',
    'nexus.batch.size': 3,
    'nexus.batch.padding': 0,
    'nexus.batch.requests': 3,
  });
  expect([runOfFirst.start, runOfSecond.end]).toEqual([batch.start, batch.end]);
  expect(only(ofFirst, 'queue').end).toBe(batch.start);
});

it('gives each request of a stream, and each step of a pipeline, its own spans', async () => {
  const direct = new GrpcClient(back.grpc);
  const { traceId, traceparent } = context();
  const stream = direct.stream('ModelStreamInfer', { traceparent });
  await stream.send(messageOf('twice', X), messageOf('twice', X)).received(2);
  stream.call.end();
  await stream.ended;
  direct.close();
  const spans = await collector.trace(traceId, 18);
  const calls = spans.filter(({ kind }) => kind === 'server');
  expect(calls.map(({ name }) => name)).toEqual(
    Array(2).fill('inference.GRPCInferenceService/ModelStreamInfer'),
  );
  const steps = spans.filter(({ parentSpanId }) => parentSpanId === calls[0]!.spanId);
  expect(steps.map(({ name }) => name).toSorted()).toEqual([
    'decode',
    'encode',
    "step 1 ('affine')",
    "step 2 ('affine')",
  ]);
  const step = only(steps, "step 2 ('affine')");
  const runs = spans.filter(({ parentSpanId }) => parentSpanId === step.spanId);
  expect(runs.map(({ name }) => name)).toContain('run');
});

it('passes the context of a request that is not sampled on, and records nothing', async () => {
  const { traceId, traceparent } = context('00');
  const sampled = context();
  await infer(front, 'scripted', { traceparent, tracestate: 'vendor=2' });
  expect(received.at(-1)).toMatchObject({
    traceparent,
    tracestate: 'vendor=2',
    authorization: `Bearer ${KEY}`,
  });
  await infer(front, 'scripted', { traceparent: '00-not-a-context-01' });
  expect(received.at(-1)!['traceparent']).not.toContain('not');
  await infer(front, 'scripted', sampled.headers);
  const attempt = only(await collector.trace(sampled.traceId, 4), ATTEMPT);
  expect(received.at(-1)!['traceparent']).toBe(`00-${sampled.traceId}-${attempt.spanId}-01`);
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});

it('describes requests of texts as the conventions for generative models ask, without the text', async () => {
  const [embedding, chat] = [context(), context()];
  const secret = 'wombats dig at night';
  await post(back, '/v1/embeddings', { model: 'sentences', input: secret }, embedding.headers);
  const messages = [{ role: 'user', content: secret }];
  await post(front, '/v1/chat/completions', { model: 'chat', messages }, chat.headers);

  const embedded = only(await collector.trace(embedding.traceId, 5), 'POST /v1/embeddings');
  expect(embedded.attributes).toMatchObject({
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.request.model': 'sentences',
    'nexus.model.version': '1',
  });
  expect(embedded.attributes['gen_ai.usage.input_tokens']).toBeGreaterThan(4);
  const spans = await collector.trace(chat.traceId, 2);
  const chatted = only(spans, 'POST /v1/chat/completions');
  expect(chatted.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'chat',
    'gen_ai.usage.input_tokens': 9,
    'gen_ai.usage.output_tokens': 4,
  });
  const attempt = spans.find(({ kind }) => kind === 'client')!;
  expect(engine.requests.at(-1)!.headers['traceparent']).toContain(attempt.spanId);
  expect(collector.bodies.join('')).not.toContain(secret);
  expect(collector.bodies.join('')).not.toContain(KEY);
});

it('marks errors of the server, and only names those of clients', async () => {
  const [missing, broken] = [context(), context()];
  expect((await infer(back, 'nothing', missing.headers)).status).toBe(404);
  const [notFound] = await collector.trace(missing.traceId, 1);
  expect(notFound).toMatchObject({ failed: false });
  expect(notFound!.attributes).toMatchObject({
    'error.type': 'model_not_found',
    'http.response.status_code': 404,
  });

  const resume = back.halt('affine');
  const running = infer(back, 'affine');
  await back.running('affine');
  const late = await infer(back, 'affine', { ...broken.headers, 'x-request-timeout': '50' });
  expect(late.status).toBe(504);
  resume();
  await running;
  const spans = await collector.trace(broken.traceId, 1);
  expect(spans.find(({ kind }) => kind === 'server')).toMatchObject({ failed: true });
});

it('shows traces of slow requests as exemplars, only in OpenMetrics', async () => {
  const { traceId, traceparent } = context();
  await infer(back, 'affine', { traceparent });
  const accept = 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5';
  const open = await back.fetch('/metrics', { headers: { accept } });
  const text = await open.text();
  expect(open.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  const line = text.split('\n').find((each) => each.includes(traceId));
  expect(line).toMatch(
    /^nexus_inference_request_duration_seconds_bucket\{model="affine",version="1",le="[\d.]+"\} \d+ # \{trace_id="\w{32}",span_id="\w{16}"\} [\d.]+ [\d.]+$/,
  );
  expect(text).toMatch(/# EOF\n$/);
  const ordinary = await (await back.fetch('/metrics')).text();
  expect(ordinary).not.toContain('trace_id');
  const names = (all: string) => new Set(all.match(/^(?:nexus|nv)_\w+/gm));
  expect(names(text)).toEqual(names(ordinary));
});

it('exports what it has when it stops, and warns once when it cannot', async () => {
  const [kept, lost] = [context(), context()];
  const gateway = await Gateway.start(files, {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    OTEL_BSP_SCHEDULE_DELAY: '600000',
    OTEL_TRACES_SAMPLER: 'parentbased_always_off',
  });
  await infer(gateway, 'affine', kept.headers);
  await infer(gateway, 'affine');
  expect(await gateway.stop()).toBe(0);
  const spans = await collector.trace(kept.traceId, 5);
  const traces = new Set(spans.map(({ traceId }) => traceId));
  expect(traces.size).toBe(1);

  collector.status = 400;
  await infer(back, 'affine', lost.headers);
  await back.logged(({ msg }) => msg?.startsWith('cannot export traces') === true);
  await infer(back, 'affine', context().headers);
  expect(back.logs.filter(({ msg }) => msg?.startsWith('cannot export'))).toHaveLength(1);
});
