import { availableParallelism } from 'node:os';
import { affine, bfloat16, sumOfFour } from '../../fixtures/models';
import { oneRow } from '../../fixtures/requests';
import { Gateway, Repository } from '../support/gateway';
import { tearDown } from '../support/tear-down';

const x = oneRow(1, 2, 3, 4);

describe('a model.yaml with a fault', () => {
  const LABELS = 'labels:\n  y: [only one, and another]\n';
  const CASES: [fault: string, yaml: string, reason: RegExp][] = [
    [
      'unknown-key',
      'description: a\ninstnces: 2\n',
      /unknown-key\/model\.yaml:2: unknown key 'instnces'; use one of description, device, instances/,
    ],
    ['wrong-type', 'instances: two\n', /wrong-type\/model\.yaml:1: instances must be integer/],
    ['out-of-range', '\n\nmax_batch_rows: 0\n', /out-of-range\/model\.yaml:3: max_batch_rows must be >= 1/],
    [
      'no-device',
      'device: gpu\n',
      /no-device\/model\.yaml:1: device must be auto, cpu, cuda or cuda:<number>/,
    ],
    [
      'unknown-warmup',
      'warmup:\n  - rows: 1\n    row: 2\n',
      /unknown-warmup\/model\.yaml:3: unknown key 'row'; use one of rows, dims, fill, files/,
    ],
    [
      'no-such-level',
      'priority_levels: 2\ndefault_priority_level: 3\n',
      /model\.yaml:2: default_priority_level is 3, but priority_levels is 2/,
    ],
    [
      'not-the-largest',
      'allowed_batch_sizes: [8, 2]\nmax_batch_rows: 4\n',
      /model\.yaml:2: max_batch_rows is 4, but the largest of allowed_batch_sizes is 8/,
    ],
    [
      'two-delays',
      'target_p99_ms: 20\nmax_queue_delay_us: 100\n',
      /model\.yaml:2: max_queue_delay_us cannot be set together with target_p99_ms, which adjusts it; remove one/,
    ],
    [
      'pad-unknown',
      'pad: { axis: 1, lengths: [4], inputs: { ids: 0 } }\n',
      /pad names the input 'ids', which is not an input of the model; it has 'x'/,
    ],
    [
      'pad-output',
      'pad: { axis: 1, lengths: [4], inputs: { x: 0 }, outputs: [y] }\n',
      /pad: expected a numeric output with a variable dimension 1, got 'y', which is FP32 \[-1,1\]; /,
    ],
    ['pad-warmup', 'pad: { axis: 1, lengths: [4, 8], inputs: { x: 0 } }\n', /a warm-up run failed.*MatMul/],
    [
      'warmup-file',
      'warmup:\n  - { rows: 1, dims: 4, files: { x: x.bin } }\n',
      /model\.yaml: the warm-up file 'x\.bin' cannot be read: ENOENT/,
    ],
    [
      'warmup-bytes',
      'warmup:\n  - { rows: 1, dims: 4, files: { x: model.yaml } }\n',
      /the warm-up file of 'x': expected 16 bytes for FP32 \[1,4\], got \d+/,
    ],
    ['no-yaml', 'description: "open\n', /no-yaml\/model\.yaml:\d: /],
    ['same-key', 'threads: 1\nthreads: 2\n', /same-key\/model\.yaml:2: Map keys must be unique/],
    ['no-map', '- a\n', /no-map\/model\.yaml:1: the file must be object/],
    ['label-count', LABELS, /labels of output 'y': expected 1, one for each class, got 2/],
    [
      'label-output',
      'labels:\n  z: [a]\n',
      /labels names 'z', which is not an output of the model; it has 'y'/,
    ],
    [
      'label-file',
      'labels:\n  y: names.txt\n',
      /label-file\/model\.yaml: the label file 'names\.txt' cannot be read: ENOENT/,
    ],
    [
      'label-outside',
      'labels:\n  y: ../../../etc/passwd\n',
      /the label file '.*passwd' cannot be read: (it is outside the model repository|ENOENT)/,
    ],
    ['warmup-fails', 'warmup:\n  - rows: 1\n    dims: 3\n', /MatMul/],
    ['load-timeout', 'load_timeout_ms: 1\n', /loading took longer than 1 ms/],
  ];
  const repository = new Repository();
  let gateway: Gateway;

  beforeAll(async () => {
    for (const [fault, yaml] of CASES) repository.model(fault, sumOfFour(), yaml);
    gateway = await Gateway.start(repository.model('good', sumOfFour(), '# nothing to say\n'));
  });

  afterAll(() => tearDown(gateway, repository));

  it.each(CASES)('makes its model UNAVAILABLE and says where: %s', async (name, _yaml, reason) => {
    const entry = (await gateway.index()).find((candidate) => candidate.name === name);
    expect(entry).toMatchObject({ state: 'UNAVAILABLE', reason: expect.stringMatching(reason) });
  });

  it('stops no other model', async () => {
    expect((await gateway.infer('good', x)).body.outputs[0].data).toEqual([10]);
  });
});

describe('a key of model.yaml', () => {
  const cores = availableParallelism();
  const repository = new Repository()
    .model('plain', affine())
    .model('told', sumOfFour(), 'description: Adds.\nlabels:\n  y: names.txt\n')
    .add('told/names.txt', 'the sum\n')
    .model('listed', sumOfFour(), 'labels: { y: [sum] }\n')
    .model('cpu', affine(), 'device: cpu\n')
    .model('cuda', affine(), 'device: cuda\n')
    .model('pair', affine(), 'instances: 2\nthreads: 1\n')
    .model('crowd', affine(), 'instances: 64\nthreads: 256\n')
    .model('alone', affine(), 'max_batch_rows: 1\n')
    .model('eight', affine(), 'max_batch_rows: 8\n')
    .model('patient', affine(), 'max_batch_rows: 2\nmax_queue_delay_us: 10000000\n')
    .model(
      'warm',
      sumOfFour(),
      'warmup:\n  - { rows: 3, dims: 4, fill: random }\n  - { rows: 1, dims: 4, files: { x: x.bin } }\n',
    )
    .add('warm/x.bin', new Uint8Array(16))
    .model('optional', bfloat16());
  let gateway: Gateway;

  beforeAll(async () => void (gateway = await Gateway.start(repository)));
  afterAll(() => tearDown(gateway, repository));

  const properties = async (model: string) => (await gateway.send(`/v2/models/${model}`)).json().properties;
  const executions = (model: string) =>
    gateway.metric(`nexus_inference_executions_total{model="${model}",version="1"}`);

  it('description, labels: stand in the metadata', async () => {
    expect(await properties('told')).toMatchObject({ description: 'Adds.', 'labels.y': '["the sum"]' });
    expect(await properties('listed')).toMatchObject({ 'labels.y': '["sum"]' });
    expect(await properties('plain')).not.toHaveProperty('description');
  });

  it('device: is where the model runs, and cuda never falls back', async () => {
    expect(await properties('cpu')).toMatchObject({ device: 'cpu' });
    expect(await gateway.metric('nexus_device_fallbacks_total{model="cpu",version="1"}')).toBe(0);
    const cuda = (await gateway.index()).find(({ name }) => name === 'cuda')!;
    const device = cuda.state === 'READY' ? (await properties('cuda')).device : 'cuda';
    expect([device, cuda.state]).toEqual(['cuda', expect.stringMatching(/^(READY|UNAVAILABLE)$/)]);
  });

  it.each([
    ['plain', 1],
    ['pair', Math.min(2, cores)],
    ['crowd', cores],
  ])('instances: is the number of runners, up to the cores: %s', async (model, runners) => {
    await gateway.started(`${model}/1`, runners);
    expect((await gateway.infer(model, x)).status).toBe(200);
    expect(gateway.runners(`${model}/1`)).toHaveLength(runners);
  });

  it('max_batch_rows: is the most rows of one run, and 1 turns batching off', async () => {
    expect(await properties('alone')).toMatchObject({
      max_batch_rows: '1',
      unbatchable: 'max_batch_rows is 1',
    });
    expect(await properties('eight')).toMatchObject({ max_batch_rows: '8' });
    const twenty = {
      name: 'x',
      datatype: 'FP32',
      shape: [20, 1],
      data: Array.from({ length: 20 }, (_, row) => row),
    };
    const { body } = await gateway.infer('eight', { inputs: [twenty] });
    expect(body.outputs[0].data).toEqual(twenty.data.map((value) => 2 * value + 1));
    expect(await executions('eight')).toBe(3);
  });

  it('max_queue_delay_us: lets a request wait for company', async () => {
    const answers = await Promise.all([gateway.infer('patient', x), gateway.infer('patient', x)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await executions('patient')).toBe(1);
  });

  it('warmup: runs the shapes asked for before READY', async () => {
    expect((await gateway.send('/v2/models/warm/ready')).status).toBe(200);
  });

  it('required: a model that says nothing only degrades the health', async () => {
    const health = await gateway.send('/health');
    expect([health.status, health.json().status]).toEqual([200, 'degraded']);
    expect(health.json().details.optional).toMatchObject({ status: 'degraded', required: false });
    expect((await gateway.send('/health/ready')).status).toBe(200);
    expect((await gateway.send('/v2/health/ready')).status).toBe(200);
  });
});
