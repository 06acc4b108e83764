import {
  broadcastSum,
  dynamicQuantize,
  embedding,
  faintMean,
  gatherByRow,
  hiddenPeakNorm,
  sumOfHundred,
  mixingAboveMillion,
  peakNorm,
  rmsNorm,
  rowNorm,
  softmax,
  splitWords,
  standardise,
  timesRows,
} from '../../fixtures/row-models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const DEPENDENT: [name: string, model: Uint8Array, reason: RegExp][] = [
  ['peak-norm', peakNorm(), /^the operator ReduceMax combines rows$/],
  ['hidden-peak-norm', hiddenPeakNorm(), /^the rows of output 'y' depend on each other$/],
  ['faint-mean', faintMean(), /^the rows of output 'y' depend on each other$/],
  ['standardise', standardise(), /^the operator ReduceMean combines rows$/],
  ['rms-norm', rmsNorm(), /^the operator RMSNormalization combines rows$/],
  ['dynamic-quantize', dynamicQuantize(), /^the operator DynamicQuantizeLinear combines rows$/],
  ['times-rows', timesRows(), /^the rows of output 'y' depend on each other$/],
  ['gather-by-row', gatherByRow(), /depend on each other|but not alone|cannot be tested/],
  ['split-words', splitWords(), /^the rows of output 'words' depend on each other$/],
];
const INDEPENDENT: [name: string, model: Uint8Array][] = [
  ['softmax', softmax()],
  ['row-norm', rowNorm()],
  ['embedding', embedding()],
];

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository();
  for (const [name, model] of [...DEPENDENT, ...INDEPENDENT])
    repository.model(name, model, 'isolation: shared\n');
  repository
    .model('untried', sumOfHundred(), 'isolation: shared\n')
    .model('declared', sumOfHundred(), 'isolation: shared\nmax_batch_rows: 16\n')
    .model('broadcast', broadcastSum(), 'isolation: shared\n')
    .model('late', mixingAboveMillion(), 'max_queue_delay_us: 50000\nmax_batch_rows: 8\n')
    .model('unchecked', mixingAboveMillion(), 'isolation: shared\nverify_batching: 0\n');
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const unbatchable = async (name: string) =>
  (await gateway.send(`/v2/models/${name}`)).json().properties.unbatchable as string | undefined;
const batching = async (name: string) =>
  (await gateway.send(`/v1/models/${name}`)).json().versions[0].batching as Record<string, unknown>;
const floats = (rows: number[][]) => ({
  inputs: [fp32('x', [rows.length, rows[0]!.length], rows.flat())],
});
const answer = async (name: string, request: object) => {
  const { status, body } = await gateway.infer(name, request);
  return [status, body.error ?? body.outputs[0].data];
};
const close = (values: number[]) =>
  values.map((value) =>
    value === 0 ? 0 : expect.closeTo(value, 5 - Math.floor(Math.log10(Math.abs(value)))),
  );

describe('a model whose rows depend on each other', () => {
  it.each(DEPENDENT)('is found: %s', async (name, _model, reason) => {
    expect(await unbatchable(name)).toMatch(reason);
  });

  it('answers each of many callers as if it were alone', async () => {
    const scales = [1, 1e3, 1e-3, -40, 1e6, 0.5, -2e-2, 7];
    const requests = scales.map((scale) => [[scale, scale * 2, scale / 3]]);
    const alone: unknown[] = [];
    for (const rows of requests) alone.push(await answer('hidden-peak-norm', floats(rows)));
    const together = await Promise.all(requests.map((rows) => answer('hidden-peak-norm', floats(rows))));
    expect(together).toEqual(alone);
    expect(alone[1]).toEqual([200, close([0.5, 1, 1 / 6])]);
  });
});

it.each(INDEPENDENT)('a model whose rows are independent batches: %s', async (name) => {
  expect(await unbatchable(name)).toBeUndefined();
});

it('inputs of different rows run alone, where their first dimensions have different names', async () => {
  expect(await unbatchable('broadcast')).toBeUndefined();
  const sum = (x: number[], z: number[]) =>
    answer('broadcast', {
      inputs: Object.entries({ x, z }).map(([name, data]) => ({
        name,
        datatype: 'FP32',
        shape: [data.length, 1],
        data,
      })),
    });
  const together = [sum([1, 2, 3], [10]), sum([1], [20]), sum([5], [30, 40]), sum([1, 2], [50, 60])];
  expect(await Promise.all(together)).toEqual([
    [200, [11, 12, 13]],
    [200, [21]],
    [200, [35, 45]],
    [200, [51, 62]],
  ]);
  expect(await sum([1, 2], [1, 2, 3])).toEqual([400, expect.stringContaining('2 by 3')]);
});

describe('a model that no made-up input suits', () => {
  const reason = expect.stringMatching(
    /^row independence cannot be tested, .*; if the rows .* set max_batch_rows/,
  );

  it('does not batch unless it is configured to', async () => {
    expect(await batching('untried')).toMatchObject({
      enabled: false,
      why_not: reason,
      trial_failed: expect.stringContaining('MatMul'),
    });
    expect(await batching('declared')).toMatchObject({
      enabled: true,
      max_batch_rows: 16,
      trial_failed: expect.stringContaining('MatMul'),
    });
  });

  it('is told in the log', () => {
    const warnings = gateway.logs.filter(({ msg = '' }) =>
      msg.includes('all runs on generated inputs failed'),
    );
    expect(new Set(warnings.map(({ msg }) => msg!.split(':')[0]))).toEqual(
      new Set(['declared/1', 'untried/1']),
    );
  });
});

describe('a model whose rows turn out to depend on each other', () => {
  const checks = (outcome: string, name = 'late') =>
    gateway.metric(`nexus_inference_batch_checks_total{model="${name}",version="1",outcome="${outcome}"}`);
  const several = (name: string) =>
    Promise.all([3e6, 1, 2, 3].map((value) => answer(name, floats([[value, 0.5]]))));

  it('has every one of the first batches checked', async () => {
    expect(await unbatchable('late')).toBeUndefined();
    await Promise.all([1, 2, 3].map((value) => answer('late', floats([[value, 0.5]]))));
    expect(await checks('same')).toBe(1);
  });

  it('stops sharing runs when a row in company is not what it is alone', async () => {
    // Which row of a batch is checked goes round, and the largest is the same in any company.
    for (let round = 0; (await checks('mixed')) === undefined && round < 8; round++) await several('late');
    expect(await checks('mixed')).toBe(1);
    expect(await unbatchable('late')).toBe(
      "verification of a batch found that the rows of output 'y' depend on each other",
    );
    const [own, ...others] = await several('late');
    expect(own).toEqual([200, [5e6, 2000000.5]]);
    expect(others).toEqual([1, 2, 3].map((value) => [200, [value, 0.5]]));
    expect(
      gateway.logs.find(({ msg = '' }) => msg.startsWith('late/1: requests no longer share runs')),
    ).toBeDefined();
    const [late] = (await gateway.index()).filter(({ name }) => name === 'late');
    expect(late).toMatchObject({
      state: 'READY',
      reason: expect.stringContaining('requests do not share runs'),
    });
  });

  it('is not checked where that is turned off', async () => {
    await several('unchecked');
    expect(await checks('same', 'unchecked')).toBeUndefined();
  });
});
