import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

/** A user that may not write to the folder, as in a pod. Root may write everywhere. */
const USER = process.getuid?.() === 0 ? 65_534 : process.getuid!();
const probe = "require('node:fs').readFileSync('dist/main.js')";
const canRunAsUser = spawnSync(process.execPath, ['-e', probe], { uid: USER }).status === 0;

/** What the tests use of a ClusterServingRuntime. */
interface Runtime {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly {
      readonly args: readonly string[];
      readonly env: readonly { readonly name: string; readonly value: string }[];
      readonly startupProbe: Probe;
      readonly readinessProbe: Probe;
      readonly livenessProbe: Probe;
    }[];
  };
}

interface Probe {
  readonly httpGet: { readonly path: string };
}

const runtimes = loadAll(readFileSync('deploy/kserve/runtimes.yaml', 'utf8')) as (Runtime | null)[];

/** The container of a runtime of the examples. */
function containerOf(name: string) {
  return runtimes.find((runtime) => runtime?.metadata.name === name)!.spec.containers[0]!;
}

let repository: Repository;
let gateway: Gateway | undefined;
let client: GrpcClient | undefined;
beforeEach(() => (repository = new Repository()));
afterEach(async () => {
  chmodSync(repository.path, 0o755);
  await tearDown(client, gateway, repository);
});

it.each(['nexus', 'nexus-grpc'])(
  'the runtime %s of KServe serves the folder that the storage initializer filled, under the name of its service',
  async (runtime) => {
    repository
      .add('1/model.onnx', affine(1))
      .add('2/model.onnx', affine(2))
      .add('config.pbtxt', 'name: "resnet"\nversion_policy { all {} }');
    chmodSync(repository.path, 0o555);
    const { args, env, startupProbe, readinessProbe, livenessProbe } = containerOf(runtime);
    expect(args).toEqual(expect.arrayContaining(['--http-port=8080', '--grpc-port=9000']));
    const given = args.map((arg) =>
      arg.replace('/mnt/models', repository.path).replace('{{.Name}}', 'my-service').replace(/=\d+$/, '=0'),
    );
    const settings = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const how = canRunAsUser ? { uid: USER } : {};
    const served = (gateway = await Gateway.start(
      'models',
      { NEXUS_PORT: '1', NEXUS_GRPC_PORT: '1', ...settings, NEXUS_STATE_FILE: '/tmp/no-state.json' },
      { args: given, ...how },
    ));
    for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe])
      expect((await served.send(httpGet.path)).status).toBe(200);
    expect((await served.index()).map(({ name, version, state }) => [name, version, state])).toEqual([
      ['my-service', '1', 'READY'],
      ['my-service', '2', 'READY'],
    ]);
    const body = JSON.stringify({ instances: [[1], [3]] });
    const v1 = (path: string) =>
      served.send(`/v1/models/my-service${path}:predict`, { method: 'POST', body });
    expect((await v1('')).json()).toEqual({ predictions: [[3], [7]] });
    expect((await v1('/versions/1')).json()).toEqual({ predictions: [[2], [4]] });
    expect((await served.infer('my-service', oneRow(1))).body.outputs[0].data).toEqual([3]);
    client = new GrpcClient(served.grpc);
    expect((await client.call('ModelReady', { name: 'my-service' })).response).toEqual({ ready: true });
  },
);

it("the flags of KServe's own servers work too, and a model that comes later gets the name", async () => {
  const folder = ['serve', '--model_name=later', `--model_dir=${repository.path}`];
  const args = [...folder, '--http_port=0', '--grpc_port=0'];
  const env = { NEXUS_MODEL_CONTROL_MODE: 'explicit' };
  const served = (gateway = await Gateway.start('models', env, { args }));
  repository.add('some/model.onnx', affine());
  const load = await served.send('/v2/repository/models/later/load', { method: 'POST' });
  expect(load.status).toBe(200);
  expect((await served.infer('later', oneRow(1))).body.outputs[0].data).toEqual([3]);
});

it('does not start with the name of a model where there are several others', async () => {
  repository.model('bert', affine()).model('resnet', affine());
  const { code, stderr } = await Gateway.failing({ NEXUS_MODEL_NAME: 'my-service' }, repository);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(
      'NEXUS_MODEL_NAME=my-service: expected a repository with one model, or with one of this name; it has bert, resnet. Unset it',
    ),
  ]);
});

it('keeps the model and its name when another one comes, and says why', async () => {
  repository.model('some', affine());
  const served = (gateway = await Gateway.start(repository, {
    NEXUS_MODEL_NAME: 'my-service',
    NEXUS_MODEL_CONTROL_MODE: 'poll',
    NEXUS_REPOSITORY_POLL_SECS: '1',
  }));
  repository.model('other', affine(2));
  const reason = 'NEXUS_MODEL_NAME=my-service: expected a repository with one model';
  await served.logged(({ msg }) => msg?.includes(reason) ?? false);
  expect((await served.infer('my-service', oneRow(1))).body.outputs[0].data).toEqual([3]);
  expect((await served.send('/v1/models')).json().models).toEqual(['my-service']);
});
