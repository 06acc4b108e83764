import fc from 'fast-check';
import type { onnx } from 'onnx-proto';
import { floats, int, ints, model, node, value } from '../../fixtures/onnx';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

/** Many more for a thorough look: FUZZ_TIMES=20. */
const GRAPHS = 60 * Number(process.env['FUZZ_TIMES'] ?? 1);
const SEED = 20_261_129;

/** What one step of a graph makes of the tensors `a` and `b`, all of them rows of three columns: the nodes to `to`. */
type Step = (a: string, b: string, to: string) => onnx.INodeProto[];

const one =
  (op: string, attributes: onnx.IAttributeProto[] = []): Step =>
  (a, _, to) => [node(op, [a], [to], attributes)];
const two =
  (op: string): Step =>
  (a, b, to) => [node(op, [a, b], [to])];
/** Each element less what is reduced along `axes`; all of them without. */
const lessReduced =
  (op: string, axes?: string): Step =>
  (a, _, to) => [
    node(op, axes === undefined ? [a] : [a, axes], [`${to}_r`], [int('keepdims', 1)]),
    node('Sub', [a, `${to}_r`], [to]),
  ];
/** The same across rows, by a detour. */
const lessHidden =
  (op: string): Step =>
  (a, _, to) => [
    node('Transpose', [a], [`${to}_t`]),
    node(op, [`${to}_t`, 'axis_1'], [`${to}_r`], [int('keepdims', 1)]),
    node('Transpose', [`${to}_r`], [`${to}_b`]),
    node('Sub', [a, `${to}_b`], [to]),
  ];

const ALONE: readonly Step[] = [
  one('Relu'),
  one('Sigmoid'),
  one('Tanh'),
  one('Abs'),
  one('Neg'),
  two('Add'),
  two('Sub'),
  two('Max'),
  two('Min'),
  one('Softmax', [int('axis', 1)]),
  lessReduced('ReduceMax', 'axis_1'),
  lessReduced('ReduceMean', 'axis_1'),
  (a, _, to) => [node('MatMul', [a, 'weights'], [to])],
  (a, _, to) => [node('LayerNormalization', [a, 'scale'], [to], [int('axis', 1)])],
  (a, _, to) => [node('Transpose', [a], [`${to}_t`]), node('Transpose', [`${to}_t`], [to])],
  (a, b, to) => [node('Greater', [a, b], [`${to}_g`]), node('Where', [`${to}_g`, a, b], [to])],
];
const MIXING: readonly Step[] = [
  one('Softmax', [int('axis', 0)]),
  lessReduced('ReduceMax', 'axis_0'),
  lessReduced('ReduceMean'),
  lessReduced('ReduceSum', 'axis_0'),
  lessHidden('ReduceMin'),
  lessHidden('ReduceMean'),
  (a, _, to) => [node('CumSum', [a, 'zero'], [to])],
  (a, _, to) => [
    node('DynamicQuantizeLinear', [a], [`${to}_q`, `${to}_s`, `${to}_z`]),
    node('DequantizeLinear', [`${to}_q`, `${to}_s`, `${to}_z`], [to]),
  ],
  (a, _, to) => [node('Slice', [a, 'last', 'first', 'axis_0', 'back'], [to])],
];

/** Some steps, each on two of the tensors before it. */
const graphs = fc.array(
  fc.record({
    step: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...ALONE) },
      { weight: 1, arbitrary: fc.constantFrom(...MIXING) },
    ),
    a: fc.nat(20),
    b: fc.nat(20),
  }),
  { minLength: 2, maxLength: 6 },
);

function onnxOf(steps: readonly { step: Step; a: number; b: number }[]): Uint8Array {
  const names = ['x'];
  const nodes = steps.flatMap(({ step, a, b }, index) => {
    const to = index === steps.length - 1 ? 'y' : `t${index}`;
    // The last step goes on from the one before it, so that most steps count.
    const from = index === steps.length - 1 ? names.at(-1)! : names[a % names.length]!;
    const made = step(from, names[b % names.length]!, to);
    names.push(to);
    return made;
  });
  return model(
    {
      input: [value('x', 'FLOAT', ['batch', 3])],
      output: [value('y', 'FLOAT', ['batch', 3])],
      initializer: [
        ints('axis_0', [1], [0]),
        ints('axis_1', [1], [1]),
        ints('zero', [], [0]),
        ints('last', [1], [-1]),
        ints('first', [1], [-1_000_000]),
        ints('back', [1], [-1]),
        floats('weights', [3, 3], [1, -2, 0.5, 0.25, 3, -1, 2, 1, 1]),
        floats('scale', [3], [1, 2, 0.5]),
      ],
      node: nodes,
    },
    { irVersion: 9, opsetImport: [{ version: 18 }] },
  );
}

const ROWS = [
  [1, 2, 3],
  [-1000, 500, 2000],
  [0.001, -0.002, 0],
  [1e5, 1e4, -1e5],
  [-3, -2, -1],
  [7, 7, 7],
];

const repository = new Repository();
let gateway: Gateway;

beforeAll(async () => {
  for (const [index, graph] of fc.sample(graphs, { numRuns: GRAPHS, seed: SEED }).entries())
    repository.model(`graph-${index}`, onnxOf(graph), 'verify_batching: 0\nmax_queue_delay_us: 3000\n');
  gateway = await Gateway.start(repository, { NEXUS_ISOLATION: 'shared' });
});

afterAll(() => tearDown(gateway, repository));

it('what is taken as batchable answers in company as alone', async () => {
  const counts = { batchable: 0, dependent: 0, runs: 0 };
  for (let index = 0; index < GRAPHS; index++) {
    const name = `graph-${index}`;
    const infer = async (data: number[]) => {
      const input = fp32('x', [1, 3], data);
      const { status, body } = await gateway.infer(name, { inputs: [input] });
      return [status, body.error ?? body.outputs[0].data];
    };
    const { properties } = (await gateway.send(`/v2/models/${name}`)).json();
    const alone: [status: number, y: number[]][] = [];
    for (const row of ROWS) alone.push((await infer(row)) as [number, number[]]);
    const together = await Promise.all(ROWS.map(infer));
    expect([index, together]).toEqual([index, alone.map(([status, y]) => [status, close(y)])]);
    counts[properties.unbatchable === undefined ? 'batchable' : 'dependent']++;
    counts.runs += (await gateway.metric(`nexus_inference_executions_total{model="${name}",version="1"}`))!;
  }
  // Both kinds were there, and requests did share runs.
  expect(Math.min(counts.batchable, counts.dependent)).toBeGreaterThan(GRAPHS / 6);
  expect(counts.runs).toBeLessThan(GRAPHS * 2 * ROWS.length - counts.batchable);
});

/** Within a ten-thousandth of the largest of the row. */
function close(row: readonly number[]) {
  const largest = Math.max(1e-6, ...row.map((y) => Math.abs(y)));
  return row.map((y) => expect.closeTo(y, 3 - Math.floor(Math.log10(largest))));
}
