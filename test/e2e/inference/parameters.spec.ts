import { status } from '@grpc/grpc-js';
import { affine, counter } from '../../fixtures/models';
import { countTo, messageOf, oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { GrpcClient } from '../support/grpc';
import { tearDown } from '../support/tear-down';

type Value = string | number | boolean;

let repository: Repository;
let gateway: Gateway;
let client: GrpcClient;

beforeAll(async () => {
  repository = new Repository()
    .model('affine', affine())
    .model('ranked', counter(), 'priority_levels: 3\nmax_batch_rows: 1\n');
  gateway = await Gateway.start(repository);
  client = new GrpcClient(gateway.grpc);
});

afterAll(() => tearDown(client, gateway, repository));

/** Enough steps to keep a runner busy for some ten milliseconds. */
const SOME_STEPS = 100_000;

/** The parameter as a client of gRPC sends it that has read the type from its value. */
function choiceOf(value: Value): object {
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  return Number.isInteger(value) ? { int64_param: value } : { double_param: value };
}

/** Status and error of a request with one parameter. */
async function byRest(name: string, value: Value): Promise<[status: number, error: string]> {
  const answer = await gateway.infer('affine', { ...oneRow(1), parameters: { [name]: value } });
  return [answer.status, answer.body.error];
}

/** Status and error of a request with one parameter. */
async function byGrpc(name: string, choice: object): Promise<[status: number, error: string | undefined]> {
  const { error } = await client.call('ModelInfer', {
    ...messageOf('affine', oneRow(1)),
    parameters: { [name]: choice },
  });
  return [error?.code ?? status.OK, error?.details];
}

describe('a parameter of a request', () => {
  it.each<[string, Value]>([
    ['temperature', 0.5],
    ['name', 'for the model'],
    ['headers', true],
    ['priority', 0],
    ['priority', 7],
    ['timeout', 0],
    ['timeout', 9e6],
    ['sequence_id', 0],
    ['sequence_id', ''],
    ['sequence_start', false],
    ['sequence_end', false],
    ['triton_enable_empty_final_response', true],
  ])('%s may be %j', async (name, value) => {
    expect(await byRest(name, value)).toEqual([200, undefined]);
    expect(await byGrpc(name, choiceOf(value))).toEqual([status.OK, undefined]);
  });

  it.each<[string, Value, RegExp]>([
    ['priority', -1, /^parameters\.priority: expected a priority as a whole number, 0 or more, got -1$/],
    ['priority', 0.5, /^parameters\.priority: expected a priority .*, got 0\.5$/],
    ['priority', 'high', /^parameters\.priority: expected a priority .*, got "high"$/],
    ['priority', true, /^parameters\.priority: expected a priority .*, got true$/],
    ['timeout', '50000', /^parameters\.timeout: expected microseconds as a whole number, .* got "50000"$/],
    ['timeout', 1.5, /^parameters\.timeout: expected microseconds .*, got 1\.5$/],
    ['sequence_id', 42, /^parameters\.sequence_id: .* models keep no state between requests, got 42$/],
    ['sequence_id', 'talk', /^parameters\.sequence_id: expected 0 or "" or no value, .* got "talk"$/],
    ['sequence_start', true, /^parameters\.sequence_start: expected false or no value, .* got true$/],
    ['sequence_end', 'no', /^parameters\.sequence_end: expected false or no value, .* got "no"$/],
    ['triton_final_response', true, /^parameters\.triton_final_response: .* starts with triton_, except/],
    ['triton_enable_empty_final_response', 1, /_response: expected true or false, got 1$/],
  ])('%s may not be %j', async (name, value, text) => {
    expect(await byRest(name, value)).toEqual([400, expect.stringMatching(text)]);
    expect(await byGrpc(name, choiceOf(value))).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringMatching(text),
    ]);
  });

  it('may be the largest number that its type holds', async () => {
    const request = `{"inputs":${JSON.stringify(oneRow(1).inputs)},"parameters":{"priority":18446744073709551615}}`;
    const answer = await gateway.send('/v2/models/affine/infer', { method: 'POST', body: request });
    expect(answer.status).toBe(200);
    expect(await byGrpc('priority', { uint64_param: '18446744073709551615' })).toEqual([
      status.OK,
      undefined,
    ]);
  });

  it('has a value', async () => {
    expect(await byGrpc('temperature', {})).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringMatching(/^the parameter "temperature" has no value; set its bool_param, /),
    ]);
  });
});

it('requests wait by their priority, of REST and of gRPC alike', async () => {
  const rest = (steps: number, parameters: object, id: string) =>
    gateway.send('/v2/models/ranked/infer', {
      method: 'POST',
      headers: { 'x-request-id': id },
      body: JSON.stringify({ ...countTo(steps), parameters }),
    });
  const grpc = (priority: object, id: string) => {
    const message = { ...messageOf('ranked', countTo(SOME_STEPS)), parameters: { priority } };
    return client.call('ModelInfer', message, { 'x-request-id': id });
  };
  const senders = [
    () => rest(SOME_STEPS, {}, 'lowest'),
    () => grpc({ int64_param: 2 }, 'middle'),
    () => rest(SOME_STEPS, { priority: 1 }, 'highest'),
    () => grpc({ uint64_param: 1 }, 'highest-too'),
  ];
  const proceed = gateway.halt('ranked');
  const busy = rest(1, {}, 'busy');
  await gateway.running('ranked');
  const answers: Promise<unknown>[] = [];
  for (const sender of senders) {
    answers.push(sender());
    await gateway.queued('ranked', answers.length);
  }
  proceed();
  await Promise.all([busy, ...answers]);
  const lines = () => gateway.logs.filter(({ model }) => model === 'ranked');
  await gateway.until(() => lines().length === 5);
  const waited = (id: string) => lines().find(({ requestId }) => requestId === id)!['queueMs'] as number;
  // Who came later and ran sooner has waited less.
  expect(waited('highest')).toBeLessThan(waited('middle'));
  expect(waited('highest-too')).toBeLessThan(waited('middle'));
  expect(waited('middle')).toBeLessThan(waited('lowest'));
});

it('every answer in a stream of gRPC is said to be the last one', async () => {
  const parameters = { triton_enable_empty_final_response: { bool_param: true } };
  const stream = client
    .stream('ModelStreamInfer')
    .send({ ...messageOf('affine', oneRow(1)), parameters }, { model_name: 'no' });
  const answers = await stream.received(2);
  stream.call.end();
  for (const { infer_response: answer } of answers)
    expect(answer.parameters).toEqual({
      triton_final_response: { bool_param: true, parameter_choice: 'bool_param' },
    });
});
