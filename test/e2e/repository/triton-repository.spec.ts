import { affine, dot, identity, lookup, powers, sumOfFour } from '../../fixtures/models';
import { fp32, int64 } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const X = fp32('x', [1, 4], [1, 2, 3, 4]);

/** A config.pbtxt of {@link sumOfFour} with `more` at its end. */
function sumConfig(name: string, more = ''): string {
  return `name: "${name}"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 1 ] label_filename: "labels.txt" } ]
${more}`;
}

describe('a repository as Triton serves it', () => {
  const repository = new Repository()
    .add('sum/1/model.onnx', sumOfFour())
    .add('sum/labels.txt', 'the sum\n')
    .add(
      'sum/config.pbtxt',
      sumConfig(
        'sum',
        `instance_group [ { count: 1 kind: KIND_CPU } ]
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
model_warmup [
  { name: "zeros" batch_size: 2 inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 zero_data: true } } },
  { name: "file" batch_size: 3 count: 2 inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 input_data_file: "x.raw" } } },
  { name: "random" batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 random_data: true } } }
]
parameters { key: "intra_op_thread_count" value: { string_value: "1" } }
version_policy: { all { } }`,
      ),
    )
    .add('sum/warmup/x.raw', new Uint8Array(16))
    .add('unbatched/1/model.onnx', dot())
    .add(
      'unbatched/config.pbtxt',
      `backend: "onnxruntime"
       input { name: "b" data_type: TYPE_FP32 dims: 3 } input { name: "a" data_type: TYPE_FP32 dims: 3 }
       output { name: "product" data_type: TYPE_FP32 dims: [] }`,
    )
    .add('minimal/1/model.onnx', affine())
    .add('minimal/config.pbtxt', '')
    .add('minimal/model.yaml', 'description: Told here.\ntimeout_ms: 1000\n')
    .add('alone/1/model.onnx', sumOfFour())
    .add('alone/labels.txt', 'the sum')
    .add('alone/config.pbtxt', sumConfig('alone'))
    .add('part/1/model.onnx', powers())
    .add('part/config.pbtxt', 'max_batch_size: 4 output { name: "cube" data_type: TYPE_FP32 dims: -1 }')
    .add('words/1/words.onnx', lookup())
    .add('words/config.pbtxt', 'default_model_filename: "words.onnx" max_batch_size: 2 dynamic_batching { }');
  const flat = (name: string, type: string) =>
    `{ name: "${name}" data_type: ${type} dims: [ 1 ] reshape { shape: [ ] } }`;
  repository
    .add('column/1/model.onnx', lookup())
    .add(
      'column/config.pbtxt',
      `max_batch_size: 4 dynamic_batching { max_queue_delay_microseconds: 20000 }
       input [ ${flat('index', 'TYPE_INT64')} ] output [ ${flat('y', 'TYPE_FP32')} ]
       model_warmup { batch_size: 3 inputs { key: "index" value { data_type: TYPE_INT64 dims: 1 zero_data: true } } }`,
    )
    .add('matrix/1/model.onnx', dot())
    .add(
      'matrix/config.pbtxt',
      `input [ { name: "a" data_type: TYPE_FP32 dims: [ 1, 3 ] reshape { shape: [ 3 ] } }, { name: "b" data_type: TYPE_FP32 dims: 3 } ]
       output [ ${flat('product', 'TYPE_FP32')} ]`,
    );
  const reshaped = (batch: number, shape: string) =>
    `max_batch_size: ${batch}
     input [ { name: "x" data_type: TYPE_FP32 dims: [ 3 ] reshape { shape: ${shape} } } ]
     output [ { name: "prob" data_type: TYPE_FP32 dims: [ 3 ] reshape { shape: ${shape} } label_filename: "labels.txt" } ]`;
  for (const [name, rows, config] of [
    ['classes', 1, reshaped(0, '[ 1, 3, 1, 1 ]')],
    ['classes-by-row', 'batch', reshaped(4, '[ 3, 1, 1 ]')],
  ] as const)
    repository
      .add(`${name}/1/model.onnx`, identity('x', 'prob', [rows, 3, 1, 1]))
      .add(`${name}/labels.txt`, 'cat\ndog\nowl\n')
      .add(`${name}/config.pbtxt`, config);
  for (const [name, policy] of [
    ['newest', ''],
    ['two', 'version_policy { latest { num_versions: 2 } }'],
    ['all', 'version_policy: { all: {} }'],
    ['chosen', 'version_policy: { specific: { versions: [1, 3, 7] } }'],
  ] as const) {
    for (const version of [1, 2, 3, 10]) repository.add(`${name}/${version}/model.onnx`, affine(version));
    repository.add(`${name}/config.pbtxt`, policy);
  }
  let gateway: Gateway;

  beforeAll(async () => void (gateway = await Gateway.start(repository)));
  afterAll(() => tearDown(gateway, repository));

  const metadata = async (model: string) => (await gateway.send(`/v2/models/${model}`)).json();
  const executions = (model: string) =>
    gateway.metric(`nexus_inference_executions_total{model="${model}",version="1"}`);

  it('is served without a change', async () => {
    const states = (await gateway.index()).filter(({ state }) => state !== 'READY');
    expect(states).toEqual([expect.objectContaining({ name: 'chosen', version: '7', state: 'UNAVAILABLE' })]);
    expect((await gateway.infer('sum', { inputs: [X] })).body.outputs[0].data).toEqual([10]);
  });

  it.each([
    ['classes', [3], { prob: [expect.objectContaining({ label: 'owl' }), { label: 'dog', score: 0.25 }] }],
    ['classes-by-row', [1, 3], { prob: [[{ label: 'owl' }, { label: 'dog' }]] }],
  ])('labels an output that it reshapes: %s', async (model, shape, expected) => {
    const scores = fp32('x', shape, [0.125, 0.25, 0.5]);
    const { body } = await gateway.infer(model, {
      inputs: [scores],
      outputs: [{ name: 'prob', parameters: { classification: 2 } }],
    });
    expect(body.outputs).toMatchObject([{ datatype: 'BYTES', data: ['0.500000:2:owl', '0.250000:1:dog'] }]);
    const x = shape.length === 1 ? scores.data : [scores.data];
    const answer = await gateway.send(`/v1/models/${model}/predict`, {
      method: 'POST',
      body: JSON.stringify({ inputs: { x }, top_k: 2 }),
    });
    expect(answer.json()).toMatchObject({ outputs: { prob: x }, classes: expected });
  });

  it('has the metadata that Triton gives: the batch dimension first, the rest as declared', async () => {
    expect(await metadata('sum')).toMatchObject({
      name: 'sum',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
      properties: { 'labels.y': '["the sum"]', max_batch_rows: '8', device: 'cpu' },
    });
    expect(await metadata('unbatched')).toMatchObject({
      inputs: [
        { name: 'b', datatype: 'FP32', shape: [3] },
        { name: 'a', datatype: 'FP32', shape: [3] },
      ],
      outputs: [{ name: 'product', datatype: 'FP32', shape: [] }],
    });
    expect(await metadata('minimal')).toMatchObject({
      inputs: [{ shape: [-1, -1] }],
      properties: { description: 'Told here.' },
    });
  });

  it('holds requests to the declared dims', async () => {
    const { status, body } = await gateway.infer('sum', { inputs: [{ ...X, shape: [2, 2] }] });
    expect([status, body.error]).toEqual([
      400,
      expect.stringContaining("'x': expected shape [-1,4], got [2,2]"),
    ]);
  });

  it('gives the declared outputs only', async () => {
    const { body } = await gateway.infer('part', { inputs: [X] });
    expect(body.outputs).toEqual([{ name: 'cube', datatype: 'FP32', shape: [1, 4], data: [1, 8, 27, 64] }]);
    const square = await gateway.infer('part', { inputs: [X], outputs: [{ name: 'square' }] });
    expect([square.status, square.body.error]).toEqual([400, expect.stringContaining("'square'")]);
  });

  it('reshapes inputs and outputs', async () => {
    expect(await metadata('column')).toMatchObject({
      inputs: [{ name: 'index', shape: [-1, 1] }],
      outputs: [{ name: 'y', shape: [-1, 1] }],
    });
    const column = (data: number[]) =>
      gateway.infer('column', {
        inputs: [int64('index', [data.length, 1], data)],
      });
    const answers = await Promise.all([column([1]), column([2, 3]), column([4, 5, 6, 7, 8])]);
    expect(answers.map(({ body }) => body.outputs[0])).toEqual([
      { name: 'y', datatype: 'FP32', shape: [1, 1], data: [10] },
      { name: 'y', datatype: 'FP32', shape: [2, 1], data: [20, 30] },
      { name: 'y', datatype: 'FP32', shape: [5, 1], data: [40, 50, 60, 70, 80] },
    ]);
    const { body } = await gateway.infer('matrix', {
      inputs: [
        { name: 'a', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] },
        { name: 'b', datatype: 'FP32', shape: [3], data: [4, 5, 6] },
      ],
    });
    expect(body.outputs).toEqual([{ name: 'product', datatype: 'FP32', shape: [1], data: [32] }]);
  });

  it('splits what is larger than max_batch_size', async () => {
    const index = int64('index', [5], [5, 4, 3, 2, 1]);
    const { body } = await gateway.infer('words', { inputs: [index] });
    expect(body.outputs[0].data).toEqual([50, 40, 30, 20, 10]);
    expect(await executions('words')).toBe(3);
  });

  it('lets no requests share a run without dynamic_batching', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => gateway.infer('alone', { inputs: [X] })),
    );
    expect(answers.map(({ body }) => body.outputs[0].data[0])).toEqual(Array(6).fill(10));
    expect(await executions('alone')).toBe(6);
    const nine = { ...X, shape: [9, 4], data: Array(9).fill(X.data).flat() };
    expect((await gateway.infer('alone', { inputs: [nine] })).body.outputs[0].data).toEqual(
      Array(9).fill(10),
    );
    expect(await executions('alone')).toBe(8);
  });

  it.each([
    ['newest', ['10']],
    ['two', ['3', '10']],
    ['all', ['1', '2', '3', '10']],
    ['chosen', ['1', '3', '7']],
  ])('follows the version policy: %s', async (model, versions) => {
    const entries = (await gateway.index()).filter(({ name }) => name === model);
    expect(entries.map(({ version }) => version)).toEqual(versions);
    const newest = model === 'chosen' ? 3 : 10;
    expect((await gateway.infer(model, { inputs: [X] })).body.outputs[0].data[0]).toBe(newest + 1);
  });
});

describe('a queue policy of config.pbtxt', () => {
  const repository = new Repository().add('queue/1/model.onnx', affine()).add(
    'queue/config.pbtxt',
    `max_batch_size: 64 dynamic_batching {
         max_queue_delay_microseconds: 10000000
         default_queue_policy { default_timeout_microseconds: 1500000 max_queue_size: 2 }
       }`,
  );
  let gateway: Gateway;

  beforeAll(async () => void (gateway = await Gateway.start(repository)));
  afterAll(() => tearDown(gateway, repository));

  it('bounds how many requests wait, and for how long', async () => {
    const waiting = [gateway.infer('queue', { inputs: [X] }), gateway.infer('queue', { inputs: [X] })];
    await gateway.queued('queue', 2);
    const third = await gateway.infer('queue', { inputs: [X] });
    expect([third.status, third.body.error]).toEqual([
      429,
      expect.stringContaining('2 of 2 requests queued'),
    ]);
    // The timeout ends the wait: the requests leave in time, or time out if this machine stops for longer than the margin.
    for (const { status } of await Promise.all(waiting)) expect([200, 504]).toContain(status);
    const byDelay = 'nexus_inference_batches_total{model="queue",version="1",reason="delay"}';
    expect(await gateway.metric(byDelay)).toBeUndefined();
  });
});

describe('a config.pbtxt that cannot be followed', () => {
  const CASES: [name: string, config: string, reason: RegExp][] = [
    [
      'grammar',
      'name: "grammar"\nmax_batch_size 8',
      /^\S+\/grammar\/config\.pbtxt:2:16: expected : or {, got 8$/,
    ],
    [
      'unknown',
      '\nmax_batchsize: 8',
      /config\.pbtxt:2:1: unknown field 'max_batchsize'; did you mean 'max_batch_size'\?$/,
    ],
    ['type', 'max_batch_size: "8"', /config\.pbtxt:1:17: expected int32 for max_batch_size, got "8"$/],
    [
      'othername',
      'name: "x"',
      /config\.pbtxt:1: name: expected 'othername', the name of the folder, got 'x'; correct it, or remove name$/,
    ],
    [
      'platform',
      'platform: "tensorrt_plan"',
      /:1: platform 'tensorrt_plan' is not supported; use 'onnxruntime_onnx'$/,
    ],
    [
      'ensemble',
      '\nplatform: "ensemble"',
      /:2: platform 'ensemble' requires ensemble_scheduling; add it with the steps$/,
    ],
    ['stateful', 'sequence_batching { }', /:1: sequence_batching is not supported; /],
    [
      'decoupled',
      'model_transaction_policy {\n decoupled: true }',
      /:2: model_transaction_policy\.decoupled is not supported/,
    ],
    [
      'datatype',
      '\ninput { name: "x" data_type: TYPE_INT32 dims: [-1, -1] }',
      /:2: input 'x' is declared as INT32 \[-1,-1\], but is FP32 \[-1,-1\] in the model; correct the declaration$/,
    ],
    [
      'rank',
      'max_batch_size: 4\ninput { name: "x" data_type: TYPE_FP32 dims: [4, 4] }',
      /:2: input 'x' is declared as FP32 \[-1,4,4\], but is FP32 \[-1,-1\] in the model; correct the declaration$/,
    ],
    [
      'absent',
      'output { name: "z" data_type: TYPE_FP32 dims: [-1, 1] }',
      /:1: the model has no output 'z'; it has 'y'$/,
    ],
    [
      'labels',
      'output { name: "y" data_type: TYPE_FP32 dims: [-1, 1] label_filename: "two.txt" }',
      /^labels of output 'y': expected 1, one for each class, got 2$/,
    ],
    [
      'label',
      'output { name: "y" data_type: TYPE_FP32 dims: [-1, 1]\nlabel_filename: "no.txt" }',
      /:2: the label file 'no\.txt' cannot be read: ENOENT$/,
    ],
    [
      'outside',
      'output { name: "y" data_type: TYPE_FP32 dims: [-1, 1] label_filename: "../../../../../../etc/hostname" }',
      /cannot be read: (it is outside the model repository|ENOENT)$/,
    ],
    [
      'warmup',
      'model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: [1, 3] zero_data: true } } }',
      /^a warm-up run failed: .*MatMul/,
    ],
    [
      'warmup-name',
      'model_warmup { batch_size: 1 inputs { key: "z" value { data_type: TYPE_FP32 dims: [1, 4] zero_data: true } } }',
      /^a warm-up run failed: input 'x' is missing/,
    ],
    [
      'warmup-size',
      'model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: [70000, 1000] random_data: true } } }',
      /^warm-up input 'x' of FP32 \[70000,1000\]: expected at most 268435456 bytes, got 280000000; reduce rows or dims$/,
    ],
    [
      'gpu',
      '\ninstance_group {\n  count: 1\n  kind: KIND_GPU gpus: [ 99 ]\n}',
      /\/gpu\/config\.pbtxt:4: instance_group requests a GPU, but CUDA is not available; use KIND_CPU, or run/,
    ],
    ['filename', 'default_model_filename: "other.onnx"', /filename\/1\/other\.onnx cannot be read: ENOENT$/],
    [
      'yaml',
      '',
      /yaml\/model\.yaml: threads cannot be set beside config\.pbtxt, which allows only description, limits, payload_log, required, /,
    ],
  ];
  const repository = new Repository()
    .add('yaml/model.yaml', 'threads: 1\n')
    .add('labels/two.txt', 'one\ntwo');
  for (const [name, config] of CASES) {
    repository.add(`${name}/1/model.onnx`, sumOfFour()).add(`${name}/config.pbtxt`, config);
  }
  repository
    .add('linked/1/model.onnx', sumOfFour())
    .link('linked/config.pbtxt', '/etc/hostname')
    .add('fixed/1/model.onnx', dot())
    .add('fixed/config.pbtxt', '\n\nmax_batch_size: 4')
    .add('good/1/model.onnx', sumOfFour());
  let gateway: Gateway;

  beforeAll(async () => void (gateway = await Gateway.start(repository)));
  afterAll(() => tearDown(gateway, repository));

  const reasonOf = async (model: string) =>
    (await gateway.index()).find(({ name, state }) => name === model && state === 'UNAVAILABLE')?.reason;

  it.each(CASES)('makes its model UNAVAILABLE with one line: %s', async (name, _config, reason) => {
    expect(await reasonOf(name)).toMatch(reason);
  });

  it('says when a model cannot batch as it is declared to', async () => {
    expect(await reasonOf('fixed')).toMatch(
      /fixed\/config\.pbtxt:3: the model cannot batch, because the first dimension of 'a' is not variable: FP32 \[3\]; set/,
    );
  });

  it('reads no config.pbtxt from outside the repository', async () => {
    expect(await reasonOf('linked')).toMatch(/linked\/config\.pbtxt cannot be read: it is outside/);
  });

  it('stops no other model', async () => {
    expect((await gateway.infer('good', { inputs: [X] })).body.outputs[0].data).toEqual([10]);
  });
});
