import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { affine, dot, sumOfFour } from '../../fixtures/models';
import { fp32 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

/** An ensemble of `double` and `sum`, with `more` at its end. */
const ensemble = (more = '', last = 'sum') => `platform: "ensemble"
max_batch_size: 8
input [ { name: "RAW" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "TOTAL" data_type: TYPE_FP32 dims: [ 1 ] } ]
ensemble_scheduling {
  step [
    {
      model_name: "double"
      model_version: -1
      input_map { key: "x" value: "RAW" }
      output_map { key: "y" value: "doubled" }
    },
    {
      model_name: "${last}"
      input_map { key: "x" value: "doubled" }
      output_map { key: "y" value: "TOTAL" }
    }
  ]
}
${more}`;
const step = (map: string) =>
  `input { name: "v" data_type: TYPE_FP32 dims: 3 }
output { name: "p" data_type: TYPE_FP32 dims: [] }
ensemble_scheduling { step { ${map} } }`;

const SQUARE =
  'model_name: "dot" model_version: 1 input_map [ { key: "a" value: "v" }, { key: "b" value: "v" } ] output_map { key: "product" value: "p" }';

/** Ensembles that cannot be served, and why. */
const CASES: readonly (readonly [name: string, config: string, reason: RegExp])[] = [
  [
    'bare',
    'platform: "ensemble"',
    /:1: platform 'ensemble' requires ensemble_scheduling; add it with the steps$/,
  ],
  [
    'stepless',
    'input { name: "a" } output { name: "b" } ensemble_scheduling { }',
    /:1: ensemble_scheduling requires at least one step; add a step$/,
  ],
  [
    'mute',
    'ensemble_scheduling { step { model_name: "dot" } }',
    /:1: an ensemble requires input; declare each input$/,
  ],
  [
    'backend',
    `${ensemble()}backend: "onnxruntime"`,
    /:20: backend cannot be set for an ensemble; set it in the models of its steps$/,
  ],
  [
    'group',
    ensemble('instance_group { count: 2 }'),
    /:20: instance_group cannot be set for an ensemble; set it in the models of its steps$/,
  ],
  [
    'both',
    ensemble('dynamic_batching { }'),
    /:20:1: expected only one of dynamic_batching, ensemble_scheduling, /,
  ],
  [
    'nameless',
    step('input_map { key: "a" value: "v" } output_map { key: "product" value: "p" }'),
    /:3: step 1 has no model_name; add it$/,
  ],
  [
    'space',
    step('model_name: "dot" model_namespace: "other"'),
    /:3: model_namespace is not supported, because all models share one namespace; remove it$/,
  ],
  [
    'mapless',
    step('model_name: "dot" input_map { key: "a" value: "v" } output_map { key: "product" value: "p" }'),
    /:3: step 1 \('dot'\): the model also requires the input 'b'; add it$/,
  ],
  [
    'datatype',
    ensemble().replace('TYPE_FP32 dims: [ 4 ]', 'TYPE_INT32 dims: [ 4 ]'),
    /:3: input 'RAW' is declared as INT32 \[-1,4\], but is FP32 \[-1,-1\] in the model; correct the declaration$/,
  ],
  [
    'platform',
    ensemble().replace('"ensemble"', '"onnxruntime_onnx"'),
    /:1: platform: expected 'ensemble', because ensemble_scheduling is set, got 'onnxruntime_onnx'; /,
  ],
  [
    'slow',
    ensemble(),
    /slow\/model\.yaml: timeout_ms cannot be set beside config\.pbtxt, which allows only description, limits, payload_log, required, fallback;/,
  ],
  [
    'batch',
    `${step(SQUARE)}\nmax_batch_size: 4`,
    /:4: the model cannot batch, because the first dimension of 'v' is not variable: FP32 \[3\]; set max_batch_size: 0$/,
  ],
];

let repository: Repository;
let gateway: Gateway;

beforeAll(async () => {
  repository = new Repository()
    .model('double', affine())
    .model('sum', sumOfFour())
    .model('dot', dot())
    .add('whole/1/model.onnx', sumOfFour())
    .add(
      'whole/config.pbtxt',
      'input { name: "x" data_type: TYPE_FP32 dims: [-1, 4] } output { name: "y" data_type: TYPE_FP32 dims: [-1, 1] }',
    )
    .add('total/config.pbtxt', ensemble())
    .add('unfoldered/config.pbtxt', ensemble('name: "unfoldered"'))
    .add('alone/config.pbtxt', ensemble('', 'whole'))
    .add('square/config.pbtxt', step(SQUARE));
  // An empty folder of its version, as Triton wants it.
  mkdirSync(join(repository.path, 'total/1'));
  for (const [name, config] of CASES) repository.add(`${name}/config.pbtxt`, config);
  repository.add('slow/model.yaml', 'timeout_ms: 1000');
  gateway = await Gateway.start(repository);
});

afterAll(() => tearDown(gateway, repository));

const json = async (path: string) => (await gateway.send(path)).json();
const RAW = fp32('RAW', [2, 4], [1, 2, 3, 4, 0, 0, 0, 0]);

it.each(['total', 'unfoldered'])('an ensemble is served as Triton serves it: %s', async (model) => {
  const { body } = await gateway.infer(model, { inputs: [RAW] });
  expect(body.outputs).toEqual([{ name: 'TOTAL', datatype: 'FP32', shape: [2, 1], data: [24, 4] }]);
});

it('its metadata and its configuration are those of Triton', async () => {
  expect(await json('/v2/models/total')).toMatchObject({
    name: 'total',
    versions: ['1'],
    platform: 'ensemble',
    inputs: [{ name: 'RAW', datatype: 'FP32', shape: [-1, 4] }],
    outputs: [{ name: 'TOTAL', datatype: 'FP32', shape: [-1, 1] }],
  });
  expect(await json('/v2/models/total/config')).toMatchObject({
    platform: 'ensemble',
    backend: '',
    max_batch_size: 8,
    input: [{ name: 'RAW', data_type: 'TYPE_FP32', dims: [4] }],
    output: [{ name: 'TOTAL', data_type: 'TYPE_FP32', dims: [1] }],
    ensemble_scheduling: {
      step: [
        {
          model_name: 'double',
          model_version: -1,
          input_map: { x: 'RAW' },
          output_map: { y: 'doubled' },
        },
        {
          model_name: 'sum',
          model_version: -1,
          input_map: { x: 'doubled' },
          output_map: { y: 'TOTAL' },
        },
      ],
    },
  });
});

it('without max_batch_size it has the shapes that it declares', async () => {
  expect(await json('/v2/models/square')).toMatchObject({
    inputs: [{ shape: [3] }],
    outputs: [{ shape: [] }],
  });
  const v = fp32('v', [3], [1, 2, 3]);
  expect((await gateway.infer('square', { inputs: [v] })).body.outputs[0].data).toEqual([14]);
});

it('does not batch where one of its models does not', async () => {
  expect((await json('/v2/models/alone/config')).max_batch_size).toBe(0);
  const { unbatchable } = (await json('/v2/models/alone')).properties;
  expect(unbatchable).toBe("step 2 ('whole'): max_batch_rows is 1");
  expect((await gateway.infer('alone', { inputs: [RAW] })).body.outputs[0].data).toEqual([24, 4]);
});

it('holds requests to the declared dims', async () => {
  const { status, body } = await gateway.infer('total', { inputs: [{ ...RAW, shape: [4, 2] }] });
  expect([status, body.error]).toEqual([
    400,
    expect.stringContaining("'RAW': expected shape [-1,4], got [4,2]"),
  ]);
});

it.each(CASES)('one line says why an ensemble cannot be served: %s', async (name, _config, reason) => {
  const { state, reason: said } = (await gateway.index()).find((entry) => entry.name === name)!;
  expect([state, said]).toEqual(['UNAVAILABLE', expect.stringMatching(reason)]);
});
