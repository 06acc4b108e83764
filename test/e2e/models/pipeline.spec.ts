import { bytesOf } from '../../fixtures/binary';
import { affine, counter, dot, lookup, powers, sumOfFour } from '../../fixtures/models';
import { pipeline } from '../../fixtures/pipelines';
import { fp32, int64 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;
let grpc: GrpcClient;

beforeAll(async () => {
  repository = new Repository()
    .model('powers', powers())
    .model('double', affine(2))
    .model('third', affine(1 / 3), 'labels: { y: [one, two, three] }')
    .model('lookup', lookup())
    .model('dot', dot())
    .model('sum', sumOfFour())
    .model('first', counter())
    .model('second', counter())
    .add(
      'diamond/model.yaml',
      pipeline(
        ['x'],
        ['b', 'a'],
        ['double', { x: 'square' }, { y: 'a' }],
        ['third', { x: 'cube' }, { y: 'b' }],
        ['powers', { x: 'x' }, { square: 'square', cube: 'cube' }],
      ),
    )
    .add(
      'lost/model.yaml',
      pipeline(
        ['i'],
        ['y'],
        ['first', { count: 'i' }, { total: 'n' }],
        ['lookup', { index: 'n' }, { y: 'y' }],
      ),
    )
    .add(
      'narrow/model.yaml',
      pipeline(['x'], ['y'], ['double', { x: 'x' }, { y: 'd' }], ['sum', { x: 'd' }, { y: 'y' }]),
    )
    .add('whole/model.yaml', pipeline(['v'], ['p'], ['dot', { a: 'v', b: 'v' }, { product: 'p' }]))
    .add(
      'chain/model.yaml',
      pipeline(
        ['n'],
        ['m'],
        ['first', { count: 'n' }, { total: 'k' }],
        ['second', { count: 'k' }, { total: 'm' }],
      ),
    )
    .add(
      'fork/model.yaml',
      pipeline(
        ['n'],
        ['k', 'm'],
        ['first', { count: 'n' }, { total: 'k' }],
        ['second', { count: 'n' }, { total: 'm' }],
      ),
    )
    .add(
      'nested/model.yaml',
      pipeline(['x'], ['y'], ['narrow', { x: 'x' }, { y: 'n' }], ['double', { x: 'n' }, { y: 'y' }]),
    );
  gateway = await Gateway.start(repository);
  grpc = new GrpcClient(gateway.grpc, 'inference.GRPCInferenceService');
});

afterAll(() => tearDown(grpc, gateway, repository));

const count = (...data: number[]) => ({
  inputs: [int64('n', [data.length], data)],
});
const executions = (model: string) =>
  gateway.metric(`nexus_inference_executions_total{model="${model}",version="1"}`);

/** Bytes of `model` for `bytes`, by gRPC, which carries them as they are. */
async function raw(
  model: string,
  [input, output]: readonly [string, string],
  bytes: Buffer,
  shape: number[],
) {
  const { response, error } = await grpc.call('ModelInfer', {
    model_name: model,
    inputs: [{ name: input, datatype: 'FP32', shape }],
    outputs: [{ name: output }],
    raw_input_contents: [bytes],
  });
  expect(error).toBeUndefined();
  return response.raw_output_contents[0] as Buffer;
}

describe('a pipeline', () => {
  it('answers what its models answer one after another, to the bit, in the order of its outputs', async () => {
    const data = Array.from({ length: 7 * 3 }, (_, index) => Math.fround(Math.sin(index) * 10));
    const { body } = await gateway.infer('diamond', { inputs: [fp32('x', [7, 3], data)] });
    const middle = (await gateway.infer('powers', { inputs: [fp32('x', [7, 3], data)] })).body.outputs;
    const b = await gateway.infer('third', { inputs: [fp32('x', [7, 3], middle[1].data)] });
    const a = await gateway.infer('double', { inputs: [fp32('x', [7, 3], middle[0].data)] });
    expect(body).toMatchObject({
      model_name: 'diamond',
      model_version: '1',
      outputs: [
        { ...b.body.outputs[0], name: 'b' },
        { ...a.body.outputs[0], name: 'a' },
      ],
    });

    const bytes = bytesOf(Float32Array.from(data));
    const cubes = await raw('powers', ['x', 'cube'], bytes, [7, 3]);
    const chained = await raw('third', ['x', 'y'], cubes, [7, 3]);
    expect(await raw('diamond', ['x', 'b'], bytes, [7, 3])).toEqual(chained);
  });

  it('runs only what the outputs that are asked for need', async () => {
    const [before, others] = [await executions('double'), await executions('third')];
    const request = { inputs: [fp32('x', [1, 1], [3])], outputs: [{ name: 'a' }] };
    expect((await gateway.infer('diamond', request)).body.outputs).toMatchObject([{ name: 'a', data: [19] }]);
    expect([await executions('double'), await executions('third')]).toEqual([before! + 1, others]);
  });

  it('runs steps that do not need each other at the same time', async () => {
    const runners = ['first/1', 'second/1'].flatMap((label) => gateway.runners(label));
    for (const pid of runners) process.kill(pid, 'SIGSTOP');
    const answer = gateway.infer('fork', count(5));
    await Promise.all([gateway.running('first'), gateway.running('second'), gateway.running('fork')]);
    for (const pid of runners) process.kill(pid, 'SIGCONT');
    expect((await answer).body.outputs.map(({ data }: { data: number[] }) => data)).toEqual([[5], [5]]);
  });

  it('is called with values, and tells the classes of a model that has labels', async () => {
    const body = JSON.stringify({ inputs: { x: [1, 1, 1] }, outputs: ['b'] });
    const { outputs, classes } = (
      await gateway.send('/v1/models/diamond/predict', { method: 'POST', body })
    ).json();
    expect(outputs.b.map(Math.fround)).toEqual([1, 1, 1].map((x) => Math.fround(Math.fround(x / 3) + 1)));
    expect(classes.b.map(({ label }: { label: string }) => label)).toEqual(['one', 'two', 'three']);
  });

  it('may be a step itself', async () => {
    const { body } = await gateway.infer('nested', {
      inputs: [fp32('x', [2, 4], [1, 2, 3, 4, 0, 0, 0, 0])],
    });
    expect(body.outputs).toMatchObject([{ shape: [2, 1], data: [49, 9] }]);
  });

  it('does not batch when one of its models does not', async () => {
    const { body } = await gateway.infer('whole', { inputs: [fp32('v', [3], [1, 2, 3])] });
    expect(body.outputs).toMatchObject([{ name: 'p', shape: [], data: [14] }]);
    const { properties } = (await gateway.send('/v2/models/whole')).json();
    expect(properties.unbatchable).toMatch(/^step 1 \('dot'\): /);
  });

  it('has an error of a step with its name, as it was', async () => {
    const infer = await gateway.infer('lost', {
      inputs: [int64('i', [1], [42])],
    });
    expect([infer.status, infer.body.error]).toEqual([
      400,
      expect.stringMatching(/^step 2 \('lookup'\): model 'lookup' cannot run this input: /),
    ]);
    const body = JSON.stringify({ inputs: { i: [42] } });
    const predict = (await gateway.send('/v1/models/lost/predict', { method: 'POST', body })).json();
    expect(predict.error).toMatchObject({
      type: 'invalid',
      param: null,
      code: 'execution_failed',
      message: expect.stringMatching(/^step 2/),
    });
  });

  it('refuses what a step does not take, and what it does not take itself', async () => {
    const inside = await gateway.infer('narrow', { inputs: [fp32('x', [1, 3], [1, 2, 3])] });
    expect([inside.status, inside.body.error]).toEqual([400, expect.stringMatching(/^step 2 \('sum'\): /)]);
    const outside = await gateway.infer('narrow', {
      inputs: [{ ...fp32('x', [1, 4], [1, 2, 3, 4]), name: 'z' }],
    });
    expect([outside.status, outside.body.error]).toEqual([
      400,
      expect.stringMatching(/^missing input 'x': model 'narrow' requires /),
    ]);
  });

  it('has one deadline for all steps', async () => {
    const [runner] = gateway.runners('second/1');
    process.kill(runner!, 'SIGSTOP');
    const busy = gateway.infer('second', {
      inputs: [int64('count', [1], [1])],
    });
    await gateway.running('second');
    const late = await gateway.infer('chain', { ...count(3), parameters: { timeout: 20_000 } });
    expect([late.status, late.body.error]).toEqual([
      504,
      expect.stringMatching(/^step 2 \('second'\): the deadline of the request passed/),
    ]);
    process.kill(runner!, 'SIGCONT');
    expect((await busy).status).toBe(200);
  });

  it('runs no further step for a client that has left', async () => {
    const before = await executions('second');
    const [runner] = gateway.runners('first/1');
    process.kill(runner!, 'SIGSTOP');
    const leaving = new AbortController();
    const init = { method: 'POST', body: JSON.stringify(count(3)), signal: leaving.signal };
    const left = gateway.fetch('/v2/models/chain/infer', init).catch((error: Error) => error.name);
    await gateway.running('first');
    leaving.abort();
    expect(await left).toBe('AbortError');
    process.kill(runner!, 'SIGCONT');
    await gateway.reached('nexus_inference_requests_total{model="chain",version="1",outcome="cancelled"}', 1);
    expect(await executions('second')).toBe(before);
  });

  it('is answered by the successor of a runner that dies', async () => {
    const [runner] = gateway.runners('first/1');
    process.kill(runner!, 'SIGSTOP');
    const answer = gateway.infer('chain', count(4));
    await gateway.running('first');
    process.kill(runner!, 'SIGKILL');
    expect((await answer).body.outputs).toMatchObject([{ data: [4] }]);
  });

  it('tells of itself as an ensemble, over REST and gRPC', async () => {
    const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1, -1] });
    expect((await gateway.send('/v2/models/diamond')).json()).toMatchObject({
      name: 'diamond',
      versions: ['1'],
      platform: 'ensemble',
      inputs: [tensor('x')],
      outputs: [tensor('b'), tensor('a')],
    });
    const scheduling = {
      step: [
        { model_name: 'double', model_version: -1, input_map: { x: 'square' }, output_map: { y: 'a' } },
        { model_name: 'third', model_version: -1, input_map: { x: 'cube' }, output_map: { y: 'b' } },
        {
          model_name: 'powers',
          model_version: -1,
          input_map: { x: 'x' },
          output_map: { square: 'square', cube: 'cube' },
        },
      ],
    };
    const config = (await gateway.send('/v2/models/diamond/config')).json();
    expect(config).toMatchObject({
      platform: 'ensemble',
      max_batch_size: 64,
      instance_group: [],
      ensemble_scheduling: scheduling,
    });
    expect(config).not.toHaveProperty('dynamic_batching');
    const metadata = await grpc.call('ModelMetadata', { name: 'diamond' });
    expect(metadata.response.platform).toBe('ensemble');
    const { response } = await grpc.call('ModelConfig', { name: 'diamond' });
    const steps = scheduling.step.map((step) => ({ ...step, model_version: '-1' }));
    expect(response.config).toMatchObject({ platform: 'ensemble', ensemble_scheduling: { step: steps } });
  });

  it('counts its requests, and those of its models', async () => {
    const stats = async (model: string) =>
      (await gateway.send(`/v2/models/${model}/stats`)).json().model_stats[0];
    const before = [await stats('narrow'), await stats('double')];
    await gateway.infer('narrow', { inputs: [fp32('x', [3, 4], Array<number>(12).fill(1))] });
    const after = [await stats('narrow'), await stats('double')];
    for (const [index, { inference_count, execution_count, inference_stats }] of after.entries()) {
      expect(inference_count).toBe(before[index].inference_count + 3);
      expect(execution_count).toBe(before[index].execution_count + 1);
      expect(inference_stats.success.count).toBe(before[index].inference_stats.success.count + 1);
    }
  });

  it('has its operations in the document, and its models in the details', async () => {
    const { paths } = (await gateway.send('/openapi.json')).json();
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v1/models/diamond/predict', '/v2/models/diamond/infer']),
    );
    const { versions } = (await gateway.send('/v1/models/chain')).json();
    expect(versions).toMatchObject([
      {
        state: 'READY',
        instances: 0,
        steps: [
          { model: 'first', version: '1' },
          { model: 'second', version: '1' },
        ],
      },
    ]);
  });
});
