import { affine } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository().model('affine', affine()).model('other', affine());
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const ALL = '/v2/trace/setting';
const ONE = '/v2/models/affine/trace/setting';
const change = async (path: string, settings: object) =>
  (await gateway.send(path, { method: 'POST', body: JSON.stringify(settings) })).json();
const traces = () => gateway.logs.filter(({ msg }) => msg === 'trace');

/** Runs `model` so many times; what was traced is in the log when this resolves. */
async function infer(model: string, count: number, id: string): Promise<void> {
  const x = oneRow(1);
  for (let index = 0; index < count; index++) {
    const headers = { 'x-request-id': `${id}-${index}` };
    await gateway.send(`/v2/models/${model}/infer`, { method: 'POST', headers, body: JSON.stringify(x) });
  }
  await gateway.logged(({ requestId, route }) => requestId === `${id}-${count - 1}` && route !== undefined);
}

it('traces nothing by default, and then one in `trace_rate` requests', async () => {
  expect((await gateway.send(ALL)).json()).toEqual({
    trace_file: '',
    trace_level: ['OFF'],
    trace_rate: '1000',
    trace_count: '-1',
    log_frequency: '0',
    trace_mode: 'triton',
  });
  await infer('affine', 2, 'off');
  expect(traces()).toEqual([]);

  const settings = { trace_level: ['TIMESTAMPS'], trace_rate: '2' };
  expect(await change(ONE, settings)).toMatchObject(settings);
  expect((await gateway.send(ALL)).json()).toMatchObject({ trace_level: ['OFF'] });
  await infer('other', 2, 'other');
  await infer('affine', 3, 'on');
  expect(traces().map(({ requestId }) => requestId)).toEqual(['on-0', 'on-2']);
  const [{ model, version, timestamps }] = traces() as any[];
  expect([model, version]).toEqual(['affine', '1']);
  const moments = Object.values(timestamps as Record<string, string>).map(BigInt);
  expect(Object.keys(timestamps)).toEqual([
    'REQUEST_START',
    'QUEUE_START',
    'COMPUTE_START',
    'COMPUTE_INPUT_END',
    'COMPUTE_OUTPUT_START',
    'COMPUTE_END',
    'REQUEST_END',
  ]);
  expect(moments).toEqual(moments.toSorted((one, another) => (one < another ? -1 : 1)));
});

it('stops after the number of traces asked for; null takes settings away', async () => {
  await change(ONE, { trace_level: 'TIMESTAMPS', trace_rate: 1, trace_count: 2 });
  const before = traces().length;
  await infer('affine', 5, 'count');
  expect(traces()).toHaveLength(before + 2);
  expect((await gateway.send(ONE)).json()).toMatchObject({ trace_count: '0' });
  const cleared = await change(ONE, { trace_level: null, trace_rate: null, trace_count: null });
  expect(cleared).toMatchObject({ trace_level: ['OFF'], trace_rate: '1000', trace_count: '-1' });
  expect(await change(ALL, { trace_level: ['TIMESTAMPS'] })).toMatchObject({ trace_level: ['TIMESTAMPS'] });
  expect((await gateway.send(ONE)).json()).toMatchObject({ trace_level: ['TIMESTAMPS'] });
  await change(ALL, { trace_level: null });
});

it.each([
  [{ trace_level: ['TENSORS'] }, /trace_level: expected \["OFF"\] or \["TIMESTAMPS"\]/],
  [{ trace_rate: '0' }, /trace_rate: expected a whole number, 1 or more, got "0"/],
  [{ trace_file: '/tmp/x' }, /trace_file: expected '' \(traces are log lines/],
  [{ valueOf: '1' }, /unknown setting 'valueOf'/],
  [{ rate: 1 }, /unknown setting 'rate'; use trace_level, /],
])('refuses %j', async (settings, text) => {
  expect((await change(ALL, settings)).error).toMatch(text);
});

it('answers 404 for a model that is not there', async () => {
  expect((await gateway.send('/v2/models/none/trace/setting')).status).toBe(404);
});
