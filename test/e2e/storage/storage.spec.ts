import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { nexus } from '../support/nexus';
import { ObjectServer } from '../support/object-server';
import { tearDown } from '../support/tear-down';

let store: ObjectServer;
let cache: string;

beforeAll(async () => {
  store = await ObjectServer.start();
});
afterAll(() => tearDown(store));

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'nexus-cache-'));
  store.objects.clear();
  store.requests.length = 0;
});
afterEach(() => rmSync(cache, { recursive: true }));

const S3 = 's3://bucket/prod';
const environment = (more: Record<string, string> = {}) => ({
  ...store.env,
  NEXUS_MODEL_CACHE: cache,
  ...more,
});
const poll = { NEXUS_MODEL_CONTROL_MODE: 'poll', NEXUS_REPOSITORY_POLL_SECS: '1' };

const answerOf = async (gateway: Gateway, model: string) => {
  const { status, body } = await gateway.infer(model, oneRow(1));
  return status === 200 ? body.outputs[0].data[0] : status;
};
/** What `model` answers until it answers `expected`, each once. */
const answersUntil = async (gateway: Gateway, model: string, expected: number) => {
  const seen = new Set<number>();
  for (;;) {
    const answer = await answerOf(gateway, model);
    seen.add(answer);
    if (answer === expected) return [...seen];
    await delay(5);
  }
};

it('models of a bucket are served, and followed through changes, outages and restarts', async () => {
  store.put('prod/m/1/model.onnx', affine(2)).put('prod/other/1/model.onnx', affine(3));
  let gateway = await Gateway.start(S3, environment({ ...poll, NEXUS_PROCESSES: '2' }));
  try {
    await gateway.until(() => gateway.stderr.includes('READY'));
    expect(await answerOf(gateway, 'm')).toBe(3);
    expect(store.readsOf('prod/m/1/model.onnx')).toHaveLength(1);

    store.put('prod/m/1/model.onnx', affine(7));
    await answersUntil(gateway, 'm', 8);
    store.put('prod/late/1/model.onnx', affine(4));
    await answersUntil(gateway, 'late', 5);
    store.objects.delete('prod/late/1/model.onnx');
    await answersUntil(gateway, 'late', 404);
    expect(store.readsOf('prod/other/1/model.onnx')).toHaveLength(1);
    expect(store.readsOf('prod/m/1/model.onnx')).toHaveLength(2);

    store.close();
    const line = await gateway.logged(({ msg }) => msg?.startsWith('cannot synchronise') ?? false);
    expect(line.msg).toContain(`${S3} cannot be reached`);
    expect(line.msg).toContain('continue to be served');
    expect(await answerOf(gateway, 'm')).toBe(8);
    const health = (await gateway.send('/health')).json();
    expect(health.details.server.repositories).toEqual([
      expect.objectContaining({ repository: S3, synchronised_at: expect.any(String) }),
    ]);
    const metrics = await (await gateway.fetch('/metrics')).text();
    expect(metrics).toContain(`nexus_storage_syncs_total{repository="${S3}",result="changed"}`);
    expect(await gateway.stop()).toBe(0);

    gateway = await Gateway.start(S3, environment());
    expect(await answerOf(gateway, 'm')).toBe(8);
    expect(gateway.logs.filter(({ msg }) => msg?.startsWith('cannot synchronise'))).toHaveLength(1);
  } finally {
    await tearDown(gateway);
    await store.open();
  }
});

it('a gateway that is killed in a download continues it, and listens while it downloads', async () => {
  const model = affine(2);
  store.put('prod/m/1/model.onnx', model).put('prod/m/1/ballast', Buffer.alloc(3_000_000, 1));
  store.cuts.set('prod/m/1/ballast', { bytes: 2_000_000, times: 1 });
  // The rest does not come.
  store.onCut = () => store.held.add('prod/m/1/ballast');
  let gateway = await Gateway.listening(S3, environment());
  try {
    while (store.readsOf('prod/m/1/ballast').length < 2) await delay(5);
    const health = await gateway.fetch('/health');
    expect(health.status).toBe(503);
    expect(await health.text()).toContain(`models of ${S3} are being downloaded`);
    expect(await answerOf(gateway, 'm')).toBe(404);
    gateway.kill('SIGKILL');
    await gateway.exited();

    store.held.clear();
    store.requests.length = 0;
    gateway = await Gateway.start(S3, environment());
    expect(await answerOf(gateway, 'm')).toBe(3);
    expect(store.readsOf('prod/m/1/ballast').map(({ range }) => range)).toEqual([
      expect.stringMatching(/^bytes=[1-9]\d*-$/),
    ]);
  } finally {
    store.held.clear();
    await tearDown(gateway);
  }
});

it('a load renews the model that it names, and no other', async () => {
  store.put('prod/m/1/model.onnx', affine(2)).put('prod/other/1/model.onnx', affine(3));
  const explicit = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '*' };
  const gateway = await Gateway.start(S3, environment(explicit));
  try {
    store.put('prod/m/1/model.onnx', affine(7)).put('prod/other/1/model.onnx', affine(9));
    const load = (model: string) => gateway.send(`/v2/repository/models/${model}/load`, { method: 'POST' });
    expect((await load('m')).status).toBe(200);
    expect([await answerOf(gateway, 'm'), await answerOf(gateway, 'other')]).toEqual([8, 4]);
    expect(store.readsOf('prod/other/1/model.onnx')).toHaveLength(1);
    store.status = 403;
    const refused = await load('other');
    expect(refused.status).toBe(503);
    expect(refused.json().error).toContain('these credentials may not list or read it');
    expect(await answerOf(gateway, 'other')).toBe(4);
  } finally {
    store.status = undefined;
    await tearDown(gateway);
  }
});

it.each([
  [403, /these credentials may not list or read it; grant the permission, or set others$/],
  [404, /it does not exist; correct the URL$/],
])('a gateway without a copy does not start if the store answers %s', async (status, line) => {
  store.status = status;
  const { code, stderr } = await Gateway.failing(environment(), S3);
  store.status = undefined;
  expect(stderr.trimEnd()).toMatch(/^NEXUS_MODEL_REPOSITORY: s3:\/\/bucket\/prod: 40/);
  expect(stderr.trimEnd()).toMatch(line);
  expect(stderr).not.toContain('test-');
  expect(code).toBe(1);
});

it('several repositories are one, and a name in two of them is refused', async () => {
  store.put('a/1/model.onnx', affine(2));
  const folder = new Repository().model('b', affine(3)).model('a', affine(4));
  const repositories = [folder.path, `${store.url}/files/SHA256SUMS`, 'gs://bucket'].join(',');
  try {
    const { stdout } = await nexus(['check', '--json', '--model-repository', repositories], environment());
    const { versions, problems } = JSON.parse(stdout);
    expect(versions.map(({ model, state }: any) => `${model} ${state}`)).toEqual([
      'a UNAVAILABLE',
      'b READY',
    ]);
    expect(problems).toEqual([
      expect.stringMatching(/^a\/1: the repositories .* and .* both define the model a; remove/),
    ]);
    expect(readdirSync(cache)).toHaveLength(2);
    const doctor = await nexus(['doctor', '--json', '--model-repository', 'gs://bucket'], environment());
    expect(doctor.stdout).toMatch(/1 files, 0\.\d MiB, at gs:\/\/bucket/);
  } finally {
    folder.remove();
  }
});
