import { affine, counter } from '../../fixtures/models';
import { countTo, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

const YAML = 'max_batch_rows: 1\npriority_levels: 3\ndefault_priority_level: 2\n';
const PBTXT = `max_batch_size: 8 dynamic_batching {
    priority_levels: 2
    default_priority_level: 2
    max_queue_delay_microseconds: 10000000
    priority_queue_policy { key: 1 value { max_queue_size: 1 } }
  }`;

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('counter', counter(), YAML)
    .model('plain', counter(), 'max_batch_rows: 1\n')
    .add('triton/1/model.onnx', affine())
    .add('triton/config.pbtxt', PBTXT);
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const count = (value: number, priority?: number) => ({
  ...countTo(value),
  ...(priority === undefined ? {} : { parameters: { priority } }),
});

/** The order in which requests of these priorities are answered that wait for the same run to end. */
async function order(model: string, priorities: readonly (number | undefined)[]): Promise<number[]> {
  const proceed = gateway.halt(model);
  const busy = gateway.infer(model, count(1));
  await gateway.running(model);
  const answered: number[] = [];
  const requests: Promise<unknown>[] = [];
  for (const [index, priority] of priorities.entries()) {
    requests.push(gateway.infer(model, count(1, priority)).then(() => answered.push(index)));
    await gateway.queued(model, index + 1);
  }
  proceed();
  await Promise.all([busy, ...requests]);
  return answered;
}

it('of requests that wait, the higher priority runs first', async () => {
  expect(await order('counter', [3, undefined, 1, 0, 1, 9])).toEqual([2, 4, 1, 3, 5, 0]);
});

it('means nothing to a model without levels', async () => {
  expect(await order('plain', [3, 2, 1])).toEqual([0, 1, 2]);
});

it('has its own queue policy, and is told by the model configuration', async () => {
  const configuration = await (await gateway.fetch('/v2/models/triton/config')).json();
  expect(configuration).toMatchObject({
    dynamic_batching: { priority_levels: 2, default_priority_level: 2 },
  });
  const infer = (priority: number) =>
    gateway.infer('triton', {
      ...oneRow(1),
      parameters: { priority },
    });
  const first = infer(1);
  await gateway.queued('triton', 1);
  const low = infer(2);
  await gateway.queued('triton', 2);
  const second = await infer(1);
  expect([second.status, second.body.error]).toEqual([
    429,
    expect.stringContaining('1 of 1 requests queued'),
  ]);
  // A full batch does not wait for company.
  const others = [1, 2, 3, 4, 5, 6].map(() => infer(2));
  const statuses = (await Promise.all([first, low, ...others])).map((answer) => answer.status);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

it('is honoured over gRPC too', async () => {
  const client = new GrpcClient(gateway.grpc);
  const call = (priority: number) =>
    client.call('ModelInfer', {
      ...messageOf('counter', countTo(1)),
      parameters: { priority: { uint64_param: priority } },
    });
  const proceed = gateway.halt('counter');
  const busy = gateway.infer('counter', count(1));
  await gateway.running('counter');
  const answered: number[] = [];
  const low = call(3).then(({ error }) => answered.push(error === undefined ? 3 : -1));
  await gateway.queued('counter', 1);
  const high = call(1).then(({ error }) => answered.push(error === undefined ? 1 : -1));
  await gateway.queued('counter', 2);
  proceed();
  await Promise.all([busy, low, high]);
  client.close();
  expect(answered).toEqual([1, 3]);
});
