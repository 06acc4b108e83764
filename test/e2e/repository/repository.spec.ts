import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { affine, bfloat16, externalBias, normaliser, sequence } from '../../fixtures/models';
import { fp32, oneRow } from '../../fixtures/requests';
import { duplicateSeries } from '../support/exposition';
import { Gateway, Repository } from '../support/gateway';
import { allRunnersOf } from '../support/processes';
import { tearDown } from '../support/tear-down';

const BIAS = new Uint8Array(Float32Array.of(10, 20).buffer);
const x = oneRow(1, 2);

describe('a repository', () => {
  let repository: Repository;
  let gateway: Gateway | undefined;
  beforeEach(() => (repository = new Repository()));
  afterEach(() => tearDown(gateway, repository));
  const start = async (path = '', env = {}) =>
    (gateway = await Gateway.start(join(repository.path, path), env));

  it.each([
    ['the file itself', 'plus.onnx', 'plus.onnx'],
    ['a folder with one file', 'folder/plus.onnx', 'folder'],
    ['a folder with one file called model.onnx', 'plus/model.onnx', 'plus'],
    ['a folder of models, one with a bare file', 'all/plus/anything.onnx', 'all'],
  ])('may be %s', async (_what, file, path) => {
    repository.add(file, affine());
    const served = await start(path);
    expect((await served.infer('plus', x)).body).toMatchObject({
      model_version: '1',
      outputs: [{ data: [3, 5] }],
    });
    await isServedOnce(served, ['plus']);
  });

  /** Each of `models` is one version, by one process, wherever one looks. */
  const isServedOnce = async (served: Gateway, models: string[]) => {
    expect((await served.index()).map(({ name, version }) => [name, version])).toEqual(
      models.map((name) => [name, '1']),
    );
    expect(allRunnersOf(served.pid)).toHaveLength(models.length);
    const { details } = (await served.send('/health')).json();
    for (const name of models) {
      expect(served.runners(`${name}/1`)).toHaveLength(1);
      expect(details[name].versions).toHaveLength(1);
      expect((await served.send(`/v1/models/${name}`)).json().versions).toHaveLength(1);
    }
    const metrics = String((await served.send('/metrics')).body);
    expect(metrics).toContain(`model="${models[0]!}",version="1"`);
    expect(duplicateSeries(metrics)).toEqual([]);
  };

  it('may have the same file under several names, each of which is a model', async () => {
    repository
      .add('bare/plus.onnx', affine())
      .link('again', 'bare')
      .link('linked/1/model.onnx', '../../bare/plus.onnx')
      .link('linked/01', '1')
      .add('both/1/model.onnx', affine())
      .add('both/other.onnx', affine())
      .add('Bare/plus.onnx', affine());
    const served = await start();
    await isServedOnce(served, ['Bare', 'again', 'bare', 'both', 'linked']);
    expect((await served.index()).map(({ state }) => state)).toEqual(Array(5).fill('READY'));
  });

  it('with a bare file is loaded by version once, and not at all before', async () => {
    repository.add('plus/plus.onnx', affine()).model('other', affine());
    const served = await start('', { NEXUS_MODEL_CONTROL_MODE: 'explicit' });
    expect((await served.send('/v2/models')).json()).toEqual({ models: [] });
    const load = (version: string) =>
      served.send(`/v1/models/plus/versions/${version}/load`, { method: 'POST' });
    expect((await load('1')).json()).toMatchObject({ change: 'loaded' });
    expect((await load('1')).json()).toMatchObject({ change: 'unchanged' });
    expect((await load('2')).status).toBe(404);
    expect(served.runners('plus/1')).toHaveLength(1);
    expect((await served.index()).filter(({ name }) => name === 'plus')).toHaveLength(1);
  });

  it('may be empty', async () => {
    const empty = await start();
    expect((await empty.send('/v2/models')).json()).toEqual({ models: [] });
    expect(empty.stderr).toContain('No models found. Put one at');
  });

  it('is served in part when told so', async () => {
    repository.model('one', affine()).model('two', affine()).model('three', affine());
    const explicit = { NEXUS_MODEL_CONTROL_MODE: 'explicit' };
    const some = await start('', { ...explicit, NEXUS_LOAD_MODELS: 'one, three' });
    expect((await some.send('/v2/models')).json()).toEqual({ models: ['one', 'three'] });
    await some.stop();
    const all = await start('', { ...explicit, NEXUS_LOAD_MODELS: '*' });
    expect((await all.index()).map(({ state }) => state)).toEqual(['READY', 'READY', 'READY']);
  });
});

describe('a repository of several models', () => {
  const repository = new Repository()
    .add('yaml/plus.onnx', affine())
    .add('yaml/model.yaml', 'versions: [1, 2]')
    .add('pbtxt/plus.onnx', affine())
    .add('pbtxt/config.pbtxt', 'version_policy { specific { versions: [1, 2] } }')
    .model('one.onnx', affine())
    .add('two/deep.onnx/data', '')
    .model('two', affine())
    .model('beside', externalBias('bias.bin'))
    .add('beside/1/bias.bin', BIAS)
    .link('linked/1', '../beside/1')
    .link('again', 'beside')
    .model('normaliser', normaliser());
  let gateway: Gateway;
  beforeAll(async () => void (gateway = await Gateway.start(repository)));
  afterAll(() => tearDown(gateway, repository));

  it('with a bare file has version 1 and no other, whatever its settings say', async () => {
    const entries = (await gateway.index()).filter(({ name }) => ['pbtxt', 'yaml'].includes(name));
    expect(entries.map(({ name, version, state }) => [name, version, state])).toEqual(
      ['pbtxt', 'yaml'].flatMap((name) => [
        [name, '1', 'READY'],
        [name, '2', 'UNAVAILABLE'],
      ]),
    );
    expect(entries[1]!.reason).toMatch(/^no folder 2 found; a model file outside a version folder is/);
    for (const name of ['pbtxt', 'yaml'])
      expect([1, 2].map((version) => gateway.runners(`${name}/${version}`).length)).toEqual([1, 0]);
  });

  it('may have folders whose names end as those of model files do', async () => {
    const entries = (await gateway.index()).filter(({ name }) => /one|two|deep/.test(name));
    expect(entries.map(({ name, state }) => [name, state])).toEqual([
      ['one.onnx', 'READY'],
      ['two', 'READY'],
    ]);
  });

  it('may have data beside the model, and links that stay inside', async () => {
    for (const name of ['beside', 'linked', 'again'])
      expect((await gateway.infer(name, x)).body.outputs[0].data).toEqual([11, 22]);
  });

  it('with a model whose rows depend on each other serves them one request at a time', async () => {
    const { properties } = (await gateway.send('/v2/models/normaliser')).json();
    expect(properties).toMatchObject({
      max_batch_rows: '1',
      unbatchable: 'the operator ReduceSum combines rows',
    });
    const requests = Array.from({ length: 30 }, async (_, index) => {
      const data = Array.from({ length: 1 + (index % 4) }, (_unused, row) => row + index);
      const input = fp32('x', [data.length], data);
      const total = 1 + data.reduce((sum, value) => sum + value);
      const { body } = await gateway.infer('normaliser', { inputs: [input] });
      expect(body.outputs[0].data).toEqual(data.map((value) => expect.closeTo(value / total, 6)));
    });
    await Promise.all(requests);
    expect(await gateway.metric('nexus_inference_executions_total{model="normaliser",version="1"}')).toBe(30);
  });
});

describe('a model that cannot be served', () => {
  const outside = new Repository().add('bias.bin', BIAS).model('real', affine());
  const repository = new Repository();
  const CASES: [name: string, reason: RegExp][] = [
    ['empty', /the file is empty/],
    ['noise', /not a readable ONNX model/],
    ['text', /not a readable ONNX model/],
    ['truncated', /not a readable ONNX model/],
    ['sequence', /output 'parts' is a sequence, not a tensor; concatenate its tensors/],
    ['bfloat16', /output 'y' has the element type BFLOAT16, which is not supported; cast it/],
    ['folder-of-nothing', /no model file found; add folder-of-nothing\/<version>\/model\.onnx/],
    ['not-a-file', /not-a-file\/1\/model\.onnx is not a regular file/],
    ['dangling', /dangling\/1\/model\.onnx cannot be read: ENOENT/],
    ['linked-file', /linked-file\/1\/model\.onnx is a link to a target outside the model repository/],
    ['linked-version', /is a link to a target outside the model repository/],
    ['linked-folder', /the folder is a link to a target outside the model repository/],
    ['data-missing', /external data 'bias\.bin' is missing; put it next to model\.onnx/],
    ['data-outside', /external data '\.\.\/\.\.\/\.\.\/.*' is outside the model repository/],
    ['data-absolute', /external data '\/.*' is outside the model repository/],
    ['data-linked', /external data 'bias\.bin' is a link to a target outside the model repository/],
  ];
  let gateway: Gateway;

  beforeAll(async () => {
    repository
      .model('good', affine())
      .model('empty', new Uint8Array())
      .model('noise', randomBytes(1000))
      .add('text/1/model.onnx', 'This is no model.')
      .model('truncated', affine().subarray(0, -20))
      .model('sequence', sequence())
      .model('bfloat16', bfloat16())
      .add('folder-of-nothing/readme.txt', '')
      .add('not-a-file/1/model.onnx/x', '')
      .link('dangling/1/model.onnx', 'nowhere')
      .link('linked-file/1/model.onnx', join(outside.path, 'real/1/model.onnx'))
      .link('linked-version/1', join(outside.path, 'real/1'))
      .link('linked-folder', join(outside.path, 'real'))
      .model('data-missing', externalBias('bias.bin'))
      .model('data-outside', externalBias(`../../..${outside.path.replace('/tmp', '')}/bias.bin`))
      .model('data-absolute', externalBias(join(outside.path, 'bias.bin')))
      .model('data-linked', externalBias('bias.bin'))
      .link('data-linked/1/bias.bin', join(outside.path, 'bias.bin'));
    gateway = await Gateway.start(repository);
  });

  afterAll(() => tearDown(gateway, repository, outside));

  it('is every case below, and none other', async () => {
    const broken = (await gateway.index()).filter(({ state }) => state !== 'READY').map(({ name }) => name);
    expect(broken.toSorted()).toEqual(CASES.map(([name]) => name).toSorted());
  });

  it.each(CASES)('is UNAVAILABLE with the reason, wherever one looks: %s', async (name, reason) => {
    const entry = (await gateway.index()).find((candidate) => candidate.name === name);
    expect(entry).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringMatching(reason) });
    const health = (await gateway.send('/health')).json();
    expect(health.details[name]).toMatchObject({
      status: 'degraded',
      versions: [{ state: 'UNAVAILABLE', reason: expect.stringMatching(reason) }],
    });
    const line = gateway.logs.find(({ msg }) => msg?.startsWith(`${name}/1 is UNAVAILABLE`));
    expect(line).toMatchObject({ level: 50, msg: expect.stringMatching(reason) });
    const { status, body } = await gateway.infer(name, x);
    expect([status, body.error]).toEqual([503, expect.stringMatching(reason)]);
  });

  it('stops no other model, and the server is ready', async () => {
    expect((await gateway.infer('good', x)).status).toBe(200);
    expect((await gateway.send('/health/live')).status).toBe(200);
    expect((await gateway.send('/health/startup')).status).toBe(200);
    expect((await gateway.send('/health/ready')).status).toBe(200);
    expect((await gateway.send('/v2/health/ready')).status).toBe(200);
  });
});
