import { affine, powers } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

let workerFiles: Repository;
let files: Repository;
let worker: Gateway;
let gateway: Gateway;

beforeAll(async () => {
  workerFiles = new Repository().model('one', affine(2)).model('two', affine(3)).model('powers', powers());
  worker = await Gateway.start(workerFiles);
  files = new Repository()
    .add('moved.yaml', targets('one'))
    .add(
      'rolled.yaml',
      `targets: { 1: [{ url: "${worker.url}", model: one }], 2: [{ url: "${worker.url}", model: two }] }`,
    )
    .add('broken/1/model.onnx', 'this is no model')
    .add('broken/model.yaml', `overflow: { to: [{ url: "${worker.url}", model: one }] }`)
    .model('other', affine(2), `overflow: { to: [{ url: "${worker.url}", model: powers }] }`);
  gateway = await Gateway.start(files, {
    NEXUS_MODEL_CONTROL_MODE: 'poll',
    NEXUS_REPOSITORY_POLL_SECS: '1',
  });
});

afterAll(() => tearDown(gateway, worker, files, workerFiles));

function targets(model: string): string {
  return `targets: [{ url: "${worker.url}", model: ${model} }]`;
}

/** The answer of `model` to 1 and 2. */
async function answer(model: string): Promise<unknown> {
  const { body } = await gateway.infer(model, { inputs: [fp32('x', [1, 2], [1, 2])] });
  return body.outputs?.[0].data ?? body.error;
}

it('follows the file of a model without a folder', async () => {
  expect(await answer('moved')).toEqual([3, 5]);
  files.add('moved.yaml', targets('two')).add('new.yaml', targets('one'));
  await gateway.logged(({ msg }) => msg === 'new/1 is READY on other servers');
  await gateway.logged(({ msg }) => msg === 'moved/1 is UNAVAILABLE on other servers: unloaded');
  expect(await answer('moved')).toEqual([4, 7]);
  expect(await answer('new')).toEqual([3, 5]);
});

it('rolls out versions that other servers run', async () => {
  expect(await answer('rolled')).toEqual([4, 7]);
  expect(await answer('rolled/versions/1')).toEqual([3, 5]);
  const { status } = await gateway.send('/v1/models/rolled/traffic', {
    method: 'PUT',
    body: JSON.stringify({ weights: { 1: 100 } }),
  });
  expect(status).toBe(200);
  expect(await answer('rolled')).toEqual([3, 5]);
});

it('runs a local model that cannot be loaded at its overflow targets', async () => {
  const { state, reason } = (await gateway.index()).find(({ name }) => name === 'broken')!;
  expect(state).toBe('READY');
  expect(reason).toMatch(/^runs only on other servers: /);
  expect(await answer('broken')).toEqual([3, 5]);
});

it('never overflows to another model', async () => {
  const { reason } = (await gateway.index()).find(({ name }) => name === 'other')!;
  expect(reason).toBe(
    'its overflow targets run another model: expected the outputs y FP32 [-1,-1], got cube FP32 [-1,-1], square FP32 [-1,-1]',
  );
  expect(await answer('other')).toEqual([3, 5]);
});

it('serves a new model as soon as its targets can be used', async () => {
  worker.kill('SIGSTOP');
  files.add('late.yaml', targets('two'));
  await gateway.logged(({ msg }) => msg?.startsWith('late/1 is UNAVAILABLE on other servers') ?? false);
  worker.kill('SIGCONT');
  await gateway.logged(({ msg }) => msg === 'late/1 is READY on other servers');
  await gateway.reached('nexus_model_state{model="late",version="1",state="READY"}', 1);
  expect(await answer('late')).toEqual([4, 7]);
});

it('lets no load request name a target', async () => {
  const explicit = await Gateway.start(new Repository().model('one', affine(2)), {
    NEXUS_MODEL_CONTROL_MODE: 'explicit',
  });
  try {
    const config = JSON.stringify({ name: 'one', targets: [{ url: worker.url }] });
    const { status, body } = await explicit.send('/v2/repository/models/one/load', {
      method: 'POST',
      body: JSON.stringify({ parameters: { config } }),
    });
    expect(status).toBe(400);
    expect(body.toString()).toContain('targets');
  } finally {
    await explicit.stop();
  }
});
