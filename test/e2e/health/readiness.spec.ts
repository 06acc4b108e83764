import { loadSync } from '@grpc/proto-loader';
import { protoPath } from 'grpc-health-check';
import { affine } from '../../fixtures/models';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

const EXPLICIT = { NEXUS_MODEL_CONTROL_MODE: 'explicit' };
const STRICT = { NEXUS_READINESS: 'strict' };
const BROKEN = Buffer.from('no model');
const READY = [200, 200, 200, true, 'SERVING'];
const NOT_READY = [503, 503, 503, false, 'NOT_SERVING'];

let repository: Repository;
let gateway: Gateway;
let inference: GrpcClient;
let health: GrpcClient;

beforeEach(() => (repository = new Repository()));
afterEach(() => tearDown(inference, health, gateway, repository));

async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  gateway = await Gateway.start(repository, env);
  inference = new GrpcClient(gateway.grpc);
  health = new GrpcClient(gateway.grpc, 'grpc.health.v1.Health', loadSync(protoPath, { enums: String }));
}

const statusOf = async (path: string) => (await gateway.send(path)).status;
const served = async (service: string) =>
  (await health.call('Check', { service })).response?.status as string | undefined;

/** What every door says of the readiness of the server; those for liveness are always open. */
async function readiness() {
  expect(await statusOf('/health/live')).toBe(200);
  expect(await statusOf('/v2/health/live')).toBe(200);
  expect((await inference.call('ServerLive')).response).toEqual({ live: true });
  const statuses = await Promise.all(['/health', '/health/ready', '/v2/health/ready'].map(statusOf));
  const { ready } = (await inference.call('ServerReady')).response;
  expect(await served('inference.GRPCInferenceService')).toBe(await served(''));
  return [...statuses, ready, await served('')];
}

const reason = async () => (await gateway.send('/v2/health/ready')).json().error as string;
const change = async (path: string) =>
  expect((await gateway.send(`/v2/repository/models/${path}`, { method: 'POST' })).status).toBe(200);

it('a model that cannot be loaded is reported, and the server stays ready', async () => {
  repository.model('good', affine()).model('broken', BROKEN);
  await start();
  expect(await readiness()).toEqual(READY);
  const { status, details } = (await gateway.send('/health')).json();
  expect(status).toBe('degraded');
  expect(details.good).toMatchObject({ status: 'up', required: false });
  expect(details.broken).toMatchObject({
    status: 'degraded',
    required: false,
    versions: [{ state: 'UNAVAILABLE', reason: expect.stringContaining('not a readable ONNX model') }],
  });
  expect([await served('good'), await served('broken')]).toEqual(['SERVING', 'NOT_SERVING']);
});

it('a required model that cannot be loaded makes the server not ready', async () => {
  repository.model('good', affine()).model('broken', BROKEN, 'required: true');
  await start();
  expect(await readiness()).toEqual(NOT_READY);
  expect(await reason()).toBe(
    "the server is not ready: model 'broken' is not ready; GET /health for the reason",
  );
  expect((await gateway.send('/health')).json().error.broken).toMatchObject({
    status: 'down',
    required: true,
  });
});

it('with NEXUS_READINESS=strict any model does, whatever it says', async () => {
  repository.model('good', affine()).model('broken', BROKEN, 'required: false');
  await start(STRICT);
  expect(await readiness()).toEqual(NOT_READY);
  const { details } = (await gateway.send('/health')).json();
  expect([details.good.status, details.broken.status]).toEqual(['up', 'down']);
});

it('without a model that is ready the server is not', async () => {
  repository.model('broken', BROKEN);
  await start();
  expect(await readiness()).toEqual(NOT_READY);
  expect(await reason()).toBe('the server is not ready: no model is ready; GET /health for the reasons');
});

it('an empty repository is not ready until polling finds a model', async () => {
  await start({ NEXUS_MODEL_CONTROL_MODE: 'poll', NEXUS_REPOSITORY_POLL_SECS: '1' });
  expect(await readiness()).toEqual(NOT_READY);
  expect(await reason()).toMatch(/^the server is not ready: the model repository has no models; put one at /);
  repository.model('good', affine());
  while ((await statusOf('/health/ready')) !== 200);
  expect(await readiness()).toEqual(READY);
});

it.each([{}, STRICT])(
  'with explicit control a server without models is ready to load some: %j',
  async (env) => {
    repository.model('good', affine());
    await start({ ...EXPLICIT, ...env });
    expect(await readiness()).toEqual(READY);
    await change('good/load');
    expect(await readiness()).toEqual(READY);
    expect(await served('good')).toBe('SERVING');
    await change('good/unload');
    expect(await readiness()).toEqual(READY);
    expect(await served('good')).toBe('NOT_SERVING');
  },
);

it('with explicit control a server none of whose models could be loaded at the start is not ready', async () => {
  repository.model('broken', BROKEN);
  await start({ ...EXPLICIT, NEXUS_LOAD_MODELS: 'broken' });
  expect(await readiness()).toEqual(NOT_READY);
});
