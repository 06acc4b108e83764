import { affine, counter, lookup } from '../../fixtures/models';
import { pipeline } from '../../fixtures/pipelines';
import { int64, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const x = oneRow(1);

/** y = h(affine(x)): twice the affine model of the tests. */
const chainOf = (name: string) =>
  pipeline(['x'], ['y'], [`${name}-one`, { x: 'x' }, { y: 'h' }], [`${name}-two`, { x: 'h' }, { y: 'y' }]);
/** Adds a pipeline and its two models, so that each test has its own in the one gateway. */
const addChain = (to: Repository, name: string) =>
  to.add(`${name}/model.yaml`, chainOf(name)).model(`${name}-one`, affine(2)).model(`${name}-two`, affine(3));

let repository: Repository;
let gateway: Gateway;

const answer = async (model: string) => (await gateway.infer(model, x)).body.outputs?.[0].data;
const change = async (model: string, what: 'load' | 'unload', parameters = {}) => {
  const message = { method: 'POST', body: JSON.stringify({ parameters }) };
  const { status, body } = await gateway.send(`/v2/repository/models/${model}/${what}`, message);
  return [status, body.toString()];
};
const stateOf = async (model: string) => {
  const { state, reason } = (await gateway.index()).find(({ name }) => name === model)!;
  return [state, reason];
};
const DONE = [200, ''];

describe('with explicit model control', () => {
  beforeAll(async () => {
    repository = addChain(new Repository(), 'left').add('right/model.yaml', chainOf('left'));
    gateway = await Gateway.start(repository, {
      NEXUS_MODEL_CONTROL_MODE: 'explicit',
      NEXUS_LOAD_MODELS: 'left,right',
    });
  });
  afterAll(() => tearDown(gateway, repository));

  it('a pipeline is loaded with its models, which go with it when that is asked for', async () => {
    addChain(repository, 'whole');
    expect(await change('whole', 'load')).toEqual(DONE);
    expect(await answer('whole')).toEqual([10]);
    expect(await change('whole', 'unload')).toEqual(DONE);
    expect([await stateOf('whole'), await stateOf('whole-one')]).toEqual([
      ['UNAVAILABLE', 'unloaded'],
      ['READY', ''],
    ]);

    expect(await change('whole-one', 'load')).toEqual(DONE);
    expect(await change('whole', 'load')).toEqual(DONE);
    expect(await change('whole', 'unload', { unload_dependents: true })).toEqual(DONE);
    // It was asked for by its name meanwhile.
    expect(await stateOf('whole-one')).toEqual(['READY', '']);
    expect(await stateOf('whole-two')).toEqual(['UNAVAILABLE', 'unloaded']);
    expect(gateway.runners('whole-two/1')).toEqual([]);
  });

  it('a part that another pipeline needs stays', async () => {
    expect(await answer('right')).toEqual([10]);
    expect(await change('left', 'unload', { unload_dependents: true })).toEqual(DONE);
    expect(await answer('right')).toEqual([10]);
    expect(await change('right', 'unload', { unload_dependents: true })).toEqual(DONE);
    expect(await stateOf('left-one')).toEqual(['UNAVAILABLE', 'unloaded']);
  });

  it('loading one fails with the reason of the model that cannot be', async () => {
    addChain(repository, 'broken').model('broken-two', Buffer.from('no model'));
    const [status, body] = await change('broken', 'load');
    expect(status).toBe(400);
    expect(body).toMatch(/'broken'.*'broken-two'.*not a readable ONNX model/);
    expect((await gateway.infer('broken', x)).status).toBe(404);
  });

  it('a pipeline of pipelines is loaded with all that it needs', async () => {
    addChain(repository, 'inner').add(
      'outer/model.yaml',
      pipeline(['x'], ['y'], ['inner', { x: 'x' }, { y: 'y' }]),
    );
    expect(await change('outer', 'load')).toEqual(DONE);
    expect(await answer('outer')).toEqual([10]);
    expect(await change('outer', 'unload', { unload_dependents: true })).toEqual(DONE);
    for (const model of ['inner', 'inner-one', 'inner-two', 'outer'])
      expect(await stateOf(model)).toEqual(['UNAVAILABLE', 'unloaded']);
  });

  it('pipelines that need each other do not wait for each other', async () => {
    const needing = (part: string) => pipeline(['x'], ['y'], [part, { x: 'x' }, { y: 'y' }]);
    repository.add('a/model.yaml', needing('b')).add('b/model.yaml', needing('a'));
    for (const [status, body] of await Promise.all([change('a', 'load'), change('b', 'load')])) {
      expect(status).toBe(400);
      expect(body).toMatch(/the pipeline contains itself: |model '[ab]' is not served/);
    }
  });

  it('follows its models: unavailable without one, and served again by the next', async () => {
    addChain(repository, 'follows');
    expect(await change('follows', 'load')).toEqual(DONE);
    expect(await change('follows-two', 'unload')).toEqual(DONE);
    const lost = [
      'UNAVAILABLE',
      expect.stringMatching(/^\S+:1: step 2 \('follows-two'\): model 'follows-two' is not served; /),
    ];
    expect(await stateOf('follows')).toEqual(lost);
    expect((await gateway.send('/v2/models/follows/ready')).status).toBe(503);
    expect((await gateway.send('/health')).json().details.follows.status).toBe('degraded');

    repository.model('follows-two', affine(10));
    expect(await change('follows-two', 'load')).toEqual(DONE);
    expect(await answer('follows')).toEqual([31]);

    repository.model('follows-two', lookup());
    expect(await change('follows-two', 'load')).toEqual(DONE);
    const misfit = /step 2 \('follows-two'\): the model has no input 'x'; it has 'index'$/;
    expect(await stateOf('follows')).toEqual(['UNAVAILABLE', expect.stringMatching(misfit)]);
    await gateway.logged(({ msg }) => /^follows\/1 is UNAVAILABLE: .*'x'/.test(msg!));

    repository.model('follows-two', affine(4));
    expect(await change('follows-two', 'load')).toEqual(DONE);
    expect(await stateOf('follows')).toEqual(['READY', '']);
    expect(await answer('follows')).toEqual([13]);
  });

  it('a newer one that cannot be served keeps the one before, and says so', async () => {
    addChain(repository, 'newer');
    expect(await change('newer', 'load')).toEqual(DONE);
    repository.add('newer/model.yaml', chainOf('newer').replace('"y":"y"', '"z":"y"'));
    const [status, body] = await change('newer', 'load');
    expect([status, body]).toEqual([400, expect.stringContaining("has no output 'z'")]);
    const kept = /^cannot load a newer pipeline, so this one continues to serve: .*has no output 'z'/;
    expect(await stateOf('newer')).toEqual(['READY', expect.stringMatching(kept)]);
    expect(await answer('newer')).toEqual([10]);
    repository.add('newer/model.yaml', chainOf('newer'));
    expect(await change('newer', 'load')).toEqual(DONE);
    expect(await stateOf('newer')).toEqual(['READY', '']);
  });

  it('a request is answered by the models that it began with', async () => {
    repository
      .model('count', counter())
      .model('table', lookup())
      .add(
        'slow/model.yaml',
        pipeline(
          ['n'],
          ['y'],
          ['count', { count: 'n' }, { total: 't' }],
          ['table', { index: 't' }, { y: 'y' }],
        ),
      );
    expect(await change('slow', 'load')).toEqual(DONE);
    const [runner] = gateway.runners('count/1');
    process.kill(runner!, 'SIGSTOP');
    const n = int64('n', [1], [4]);
    const begun = gateway.infer('slow', { inputs: [n] });
    await gateway.running('count');
    repository.model('table', affine());
    expect(await change('table', 'load')).toEqual(DONE);
    process.kill(runner!, 'SIGCONT');
    expect((await begun).body.outputs).toMatchObject([{ data: [40] }]);
  });
});

describe('with models that are loaded on demand', () => {
  beforeAll(async () => {
    repository = addChain(addChain(new Repository(), 'chain'), 'misfit').model('misfit-two', lookup());
    gateway = await Gateway.start(repository, { NEXUS_LOAD: 'on_demand' });
  });
  afterAll(() => tearDown(gateway, repository));

  it('its first request loads them', async () => {
    expect(await stateOf('chain')).toEqual(['READY', expect.stringMatching(/the next request loads them$/)]);
    expect([...gateway.runners('chain-one/1'), ...gateway.runners('chain-two/1')]).toEqual([]);
    expect(await answer('chain')).toEqual([10]);
    expect(await stateOf('chain')).toEqual(['READY', '']);
  });

  it('that they do not fit is known then', async () => {
    const { status, body } = await gateway.infer('misfit', x);
    expect([status, body.error]).toEqual([503, expect.stringContaining("the model has no input 'x'")]);
    expect((await stateOf('misfit'))[0]).toBe('UNAVAILABLE');
  });
});

it('a pipeline in a repository that is looked at comes and goes with its models', async () => {
  repository = new Repository().add('chain/model.yaml', chainOf('chain')).model('chain-one', affine(2));
  gateway = await Gateway.start(repository, {
    NEXUS_MODEL_CONTROL_MODE: 'poll',
    NEXUS_REPOSITORY_POLL_SECS: '1',
  });
  try {
    expect((await stateOf('chain'))[0]).toBe('UNAVAILABLE');
    repository.model('chain-two', affine(3));
    await gateway.logged(({ msg }) => msg === 'chain/1 is READY');
    expect(await answer('chain')).toEqual([10]);
  } finally {
    await tearDown(gateway, repository);
  }
});
