import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affine, counter, powers } from '../../fixtures/models';
import { pipeline } from '../../fixtures/pipelines';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { withBinary, split } from '../support/http';
import { tearDown } from '../support/tear-down';

const WORKER_KEY = 'worker-key-0123456789abcdef';

let workerFiles: Repository;
let files: Repository;
let worker: Gateway;
let gateway: Gateway;
let grpc: GrpcClient;

beforeAll(async () => {
  workerFiles = new Repository()
    .model('powers', powers())
    .model('double', affine(2), 'labels: { y: [one, two, three] }')
    .model('counter', counter());
  worker = await Gateway.start(workerFiles, { NEXUS_API_KEY: WORKER_KEY });
  const { host } = new URL(worker.url);
  const keyFile = join(mkdtempSync(join(tmpdir(), 'nexus-key-')), 'key');
  writeFileSync(keyFile, `${WORKER_KEY}\n`);
  const target = `{ url: "${worker.url}", api_key: env:WORKER_KEY }`;
  files = new Repository()
    .add('powers.yaml', `targets: [${target}]\ncache: true\ndescription: runs elsewhere`)
    .add('double/model.yaml', `targets: [${target}]\nlabels: { y: [one, two, three] }\nrequired: true`)
    .add(
      'binary.yaml',
      `targets: [{ url: "http://${worker.grpc}", protocol: v2-grpc, model: powers, api_key: "file:${keyFile}" }]`,
    )
    .add(
      'renamed.yaml',
      `targets: [{ url: "${worker.url}", model: counter, version: 1, api_key: env:WORKER_KEY }]`,
    )
    .add('denied.yaml', `targets: [{ url: "${worker.url}", model: powers }]\nremote: { retries: 0 }`)
    .add('missing.yaml', `targets: [{ url: "http://${host}", model: nowhere, api_key: env:WORKER_KEY }]`)
    .add('closed.yaml', 'targets: [{ url: "http://127.0.0.1:9" }]\nfallback: [powers]')
    .add('unset.yaml', `targets: [{ url: "${worker.url}", api_key: env:NOT_SET_ANYWHERE }]`)
    .model(
      'local',
      affine(3),
      `overflow: { to: [{ url: "${worker.url}", model: double, api_key: env:WORKER_KEY }] }`,
    )
    .add(
      'chain/model.yaml',
      pipeline(['x'], ['y'], ['powers', { x: 'x' }, { square: 's' }], ['double', { x: 's' }, { y: 'y' }]),
    );
  gateway = await Gateway.start(files, { WORKER_KEY });
  grpc = new GrpcClient(gateway.grpc);
});

afterAll(() => tearDown(grpc, gateway, worker, files, workerFiles));

const X = fp32('x', [2, 2], [1, 2, 3, 4]);

it('answers as the server that runs the model does', async () => {
  const { status, body, headers } = await gateway.infer('double', { inputs: [X] });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    model_name: 'double',
    model_version: '1',
    outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2], data: [3, 5, 7, 9] }],
  });
  expect(headers.get('x-nexus-target')).toBe(new URL(worker.url).host);
});

it('forwards binary tensors, whatever the protocol of the target', async () => {
  const message = withBinary(
    {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
      outputs: [{ name: 'cube', parameters: { binary_data: true } }],
    },
    Float32Array.of(2, 3),
  );
  for (const model of ['powers', 'binary']) {
    const answer = await gateway.send(`/v2/models/${model}/infer`, { method: 'POST', ...message });
    expect(answer.status).toBe(200);
    const { binary } = split(answer);
    expect([...new Float32Array(binary.buffer.slice(binary.byteOffset, binary.byteOffset + 8))]).toEqual([
      8, 27,
    ]);
  }
});

it('is served over gRPC and as plain values', async () => {
  const contents = { fp32_contents: [1, 2] };
  const call = await grpc.call('ModelInfer', {
    model_name: 'renamed',
    inputs: [{ name: 'count', datatype: 'INT64', shape: [2], contents: { int64_contents: [20, 22] } }],
  });
  expect(call.error?.details ?? '').toBe('');
  expect(call.response.model_name).toBe('renamed');
  expect(call.headers.get('x-nexus-target')).toEqual([new URL(worker.url).host]);
  expect(contents.fp32_contents).toHaveLength(2);
  const predicted = await gateway.fetch('/v1/models/double/predict', {
    method: 'POST',
    body: JSON.stringify({ inputs: { x: [1, 2, 3] } }),
  });
  expect(await predicted.json()).toMatchObject({ model: 'double', outputs: { y: [3, 5, 7] } });
});

it('is listed, described and documented like a local model', async () => {
  const { data } = (await (await gateway.fetch('/v1/models')).json()) as { data: { id: string }[] };
  expect(data.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['binary', 'double', 'local', 'powers', 'renamed']),
  );
  const metadata = await (await gateway.fetch('/v2/models/powers')).json();
  expect(metadata).toMatchObject({
    platform: 'remote',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }],
    outputs: [{ name: 'square' }, { name: 'cube' }],
  });
  const details = await (await gateway.fetch('/v1/models/powers')).json();
  expect(details).toMatchObject({
    description: 'runs elsewhere',
    versions: [
      { state: 'READY', targets: [{ target: new URL(worker.url).host, state: 'healthy', reason: '' }] },
    ],
  });
  const document = await (await gateway.fetch('/openapi.json')).text();
  expect(document).toContain('/v1/models/powers/predict');
  expect(document).not.toContain(WORKER_KEY);
});

it('says why a model cannot be served, without secrets', async () => {
  const states = await gateway.index();
  const reasonOf = (model: string) => states.find(({ name }) => name === model)!;
  expect(reasonOf('unset')).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringContaining('env:NOT_SET_ANYWHERE is not set in the environment of the gateway'),
  });
  expect(reasonOf('denied').state).toBe('UNAVAILABLE');
  expect(reasonOf('missing').state).toBe('UNAVAILABLE');
  expect(reasonOf('closed').state).toBe('UNAVAILABLE');
  const { status, body } = await gateway.infer('denied', { inputs: [X] });
  expect(status).toBe(503);
  expect(body.error).toContain("model 'denied' version 1 is not ready");
  expect(gateway.stdout).not.toContain(WORKER_KEY);
});

it('lets a fallback model answer while the model cannot', async () => {
  const { status, body } = await gateway.infer('closed', { inputs: [X], outputs: [{ name: 'square' }] });
  expect(status).toBe(200);
  expect(body).toMatchObject({ model_name: 'powers', outputs: [{ name: 'square', data: [1, 4, 9, 16] }] });
  const version = await gateway.infer('closed/versions/1', { inputs: [X] });
  expect(version.status).toBe(503);
});

it('caches answers, and runs as a step of a pipeline', async () => {
  const request = { inputs: [fp32('x', [1, 2], [5, 6])], outputs: [{ name: 'square' }] };
  expect((await gateway.infer('powers', request)).headers.get('x-cache')).toBe('miss');
  const again = await gateway.infer('powers', request);
  expect(again.headers.get('x-cache')).toBe('hit');
  expect(again.body.outputs[0].data).toEqual([25, 36]);
  const { body } = await gateway.infer('chain', { inputs: [fp32('x', [1, 2], [2, 3])] });
  expect(body.outputs).toMatchObject([{ name: 'y', data: [9, 19] }]);
});

it('runs a local model here while it can', async () => {
  const { body, headers } = await gateway.infer('local', { inputs: [X] });
  expect(body.outputs[0].data).toEqual([4, 7, 10, 13]);
  expect(headers.get('x-nexus-target')).toBeNull();
});

it('gives a mistake of the client back as one', async () => {
  const { status, body } = await gateway.infer('double', { inputs: [fp32('x', [2], [1, 2])] });
  expect(status).toBe(400);
  expect(body.error).toContain("input 'x'");
});

it('counts attempts, states and the time that the gateway adds', async () => {
  const labels = `model="double",version="1",target="${new URL(worker.url).host}"`;
  expect(await gateway.metric(`nexus_target_requests_total{${labels},outcome="success"}`)).toBeGreaterThan(0);
  expect(await gateway.metric(`nexus_target_state{${labels},state="healthy"}`)).toBe(1);
  expect(await gateway.metric(`nexus_target_in_flight{${labels}}`)).toBe(0);
  expect(
    await gateway.metric('nexus_gateway_overhead_seconds_count{model="double",version="1"}'),
  ).toBeGreaterThan(0);
  expect(
    await gateway.metric('nexus_inference_fallbacks_total{model="powers",version="1",from="closed"}'),
  ).toBe(1);
});

it('is not ready while a required model has no target, and ready again when it has', async () => {
  expect((await gateway.fetch('/health/ready')).status).toBe(200);
  worker.kill('SIGSTOP');
  await gateway.reached('nexus_model_state{model="double",version="1",state="READY"}', 0);
  expect((await gateway.fetch('/health/ready')).status).toBe(503);
  worker.kill('SIGCONT');
  await gateway.reached('nexus_model_state{model="double",version="1",state="READY"}', 1);
  expect((await gateway.infer('double', { inputs: [X] })).status).toBe(200);
});
