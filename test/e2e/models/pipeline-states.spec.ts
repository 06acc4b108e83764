import { affine, counter, lookup } from '../../fixtures/models';
import { pipeline } from '../../fixtures/pipelines';
import { int64, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

/** y = h(affine(x)): twice the affine model of the tests. */
const CHAIN = pipeline(['x'], ['y'], ['one', { x: 'x' }, { y: 'h' }], ['two', { x: 'h' }, { y: 'y' }]);
const x = oneRow(1);

let repository: Repository;
let gateway: Gateway;

async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
  gateway = await Gateway.start(repository, env);
}

afterEach(() => tearDown(gateway, repository));

const chain = () =>
  new Repository().add('chain/model.yaml', CHAIN).model('one', affine(2)).model('two', affine(3));
const answer = async (model = 'chain') => (await gateway.infer(model, x)).body.outputs?.[0].data;
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
  const EXPLICIT = { NEXUS_MODEL_CONTROL_MODE: 'explicit', NEXUS_LOAD_MODELS: '' };

  it('a pipeline is loaded with its models, which go with it when that is asked for', async () => {
    repository = chain();
    await start(EXPLICIT);
    expect(await change('chain', 'load')).toEqual(DONE);
    expect(await answer()).toEqual([10]);
    expect(await change('chain', 'unload')).toEqual(DONE);
    expect([await stateOf('chain'), await stateOf('one')]).toEqual([
      ['UNAVAILABLE', 'unloaded'],
      ['READY', ''],
    ]);

    expect(await change('one', 'load')).toEqual(DONE);
    expect(await change('chain', 'load')).toEqual(DONE);
    expect(await change('chain', 'unload', { unload_dependents: true })).toEqual(DONE);
    // It was asked for by its name meanwhile.
    expect(await stateOf('one')).toEqual(['READY', '']);
    expect(await stateOf('two')).toEqual(['UNAVAILABLE', 'unloaded']);
    expect(gateway.runners('two/1')).toEqual([]);
  });

  it('a part that another pipeline needs stays', async () => {
    repository = chain().add('other/model.yaml', CHAIN);
    await start({ ...EXPLICIT, NEXUS_LOAD_MODELS: 'chain,other' });
    expect(await answer('other')).toEqual([10]);
    expect(await change('chain', 'unload', { unload_dependents: true })).toEqual(DONE);
    expect(await answer('other')).toEqual([10]);
    expect(await change('other', 'unload', { unload_dependents: true })).toEqual(DONE);
    expect(await stateOf('one')).toEqual(['UNAVAILABLE', 'unloaded']);
  });

  it('loading one fails with the reason of the model that cannot be', async () => {
    repository = chain().model('two', Buffer.from('no model'));
    await start(EXPLICIT);
    const [status, body] = await change('chain', 'load');
    expect(status).toBe(400);
    expect(body).toMatch(/'chain'.*'two'.*not a readable ONNX model/);
    expect((await gateway.infer('chain', x)).status).toBe(404);
  });

  it('a pipeline of pipelines is loaded with all that it needs', async () => {
    repository = chain().add('outer/model.yaml', pipeline(['x'], ['y'], ['chain', { x: 'x' }, { y: 'y' }]));
    await start(EXPLICIT);
    expect(await change('outer', 'load')).toEqual(DONE);
    expect(await answer('outer')).toEqual([10]);
    expect(await change('outer', 'unload', { unload_dependents: true })).toEqual(DONE);
    expect((await gateway.index()).map(({ reason }) => reason)).toEqual(Array(4).fill('unloaded'));
  });

  it('pipelines that need each other do not wait for each other', async () => {
    const needing = (part: string) => pipeline(['x'], ['y'], [part, { x: 'x' }, { y: 'y' }]);
    repository = new Repository().add('a/model.yaml', needing('b')).add('b/model.yaml', needing('a'));
    await start(EXPLICIT);
    for (const [status, body] of await Promise.all([change('a', 'load'), change('b', 'load')])) {
      expect(status).toBe(400);
      expect(body).toMatch(/the pipeline contains itself: |model '[ab]' is not served/);
    }
  });

  it('follows its models: unavailable without one, and served again by the next', async () => {
    repository = chain();
    await start({ ...EXPLICIT, NEXUS_LOAD_MODELS: 'chain' });
    expect(await change('two', 'unload')).toEqual(DONE);
    const lost = [
      'UNAVAILABLE',
      expect.stringMatching(/^\S+:1: step 2 \('two'\): model 'two' is not served; /),
    ];
    expect(await stateOf('chain')).toEqual(lost);
    expect((await gateway.send('/v2/models/chain/ready')).status).toBe(503);
    expect((await gateway.send('/health')).json().details.chain.status).toBe('degraded');

    repository.model('two', affine(10));
    expect(await change('two', 'load')).toEqual(DONE);
    expect(await answer()).toEqual([31]);

    repository.model('two', lookup());
    expect(await change('two', 'load')).toEqual(DONE);
    const misfit = /step 2 \('two'\): the model has no input 'x'; it has 'index'$/;
    expect(await stateOf('chain')).toEqual(['UNAVAILABLE', expect.stringMatching(misfit)]);
    await gateway.logged(({ msg }) => /^chain\/1 is UNAVAILABLE: .*'x'/.test(msg!));

    repository.model('two', affine(4));
    expect(await change('two', 'load')).toEqual(DONE);
    expect(await stateOf('chain')).toEqual(['READY', '']);
    expect(await answer()).toEqual([13]);
  });

  it('a newer one that cannot be served keeps the one before, and says so', async () => {
    repository = chain();
    await start({ ...EXPLICIT, NEXUS_LOAD_MODELS: 'chain' });
    repository.add('chain/model.yaml', CHAIN.replace('"y":"y"', '"z":"y"'));
    const [status, body] = await change('chain', 'load');
    expect([status, body]).toEqual([400, expect.stringContaining("has no output 'z'")]);
    const kept = /^cannot load a newer pipeline, so this one continues to serve: .*has no output 'z'/;
    expect(await stateOf('chain')).toEqual(['READY', expect.stringMatching(kept)]);
    expect(await answer()).toEqual([10]);
    repository.add('chain/model.yaml', CHAIN);
    expect(await change('chain', 'load')).toEqual(DONE);
    expect(await stateOf('chain')).toEqual(['READY', '']);
  });

  it('a request is answered by the models that it began with', async () => {
    repository = new Repository()
      .model('count', counter())
      .model('two', lookup())
      .add(
        'slow/model.yaml',
        pipeline(
          ['n'],
          ['y'],
          ['count', { count: 'n' }, { total: 't' }],
          ['two', { index: 't' }, { y: 'y' }],
        ),
      );
    await start({ ...EXPLICIT, NEXUS_LOAD_MODELS: 'slow' });
    const [runner] = gateway.runners('count/1');
    process.kill(runner!, 'SIGSTOP');
    const n = int64('n', [1], [4]);
    const begun = gateway.infer('slow', { inputs: [n] });
    await gateway.running('count');
    repository.model('two', affine());
    expect(await change('two', 'load')).toEqual(DONE);
    process.kill(runner!, 'SIGCONT');
    expect((await begun).body.outputs).toMatchObject([{ data: [40] }]);
  });
});

describe('with models that are loaded on demand', () => {
  it('its first request loads them', async () => {
    repository = chain();
    await start({ NEXUS_LOAD: 'on_demand' });
    expect(await stateOf('chain')).toEqual(['READY', expect.stringMatching(/the next request loads them$/)]);
    expect([...gateway.runners('one/1'), ...gateway.runners('two/1')]).toEqual([]);
    expect(await answer()).toEqual([10]);
    expect(await stateOf('chain')).toEqual(['READY', '']);
  });

  it('that they do not fit is known then', async () => {
    repository = chain().model('two', lookup());
    await start({ NEXUS_LOAD: 'on_demand' });
    const { status, body } = await gateway.infer('chain', x);
    expect([status, body.error]).toEqual([503, expect.stringContaining("the model has no input 'x'")]);
    expect((await stateOf('chain'))[0]).toBe('UNAVAILABLE');
  });
});

it('a pipeline in a repository that is looked at comes and goes with its models', async () => {
  repository = new Repository().add('chain/model.yaml', CHAIN).model('one', affine(2));
  await start({ NEXUS_MODEL_CONTROL_MODE: 'poll', NEXUS_REPOSITORY_POLL_SECS: '1' });
  expect((await stateOf('chain'))[0]).toBe('UNAVAILABLE');
  repository.model('two', affine(3));
  await gateway.logged(({ msg }) => msg === 'chain/1 is READY');
  expect(await answer()).toEqual([10]);
});
