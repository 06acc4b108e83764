import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTritonConfig } from '../../../../src/repository/triton/config-pbtxt';
import { chosenVersions } from '../../../../src/repository/triton/version-policy';

const root = join(mkdtempSync(join(tmpdir(), 'nexus-triton-')), 'models');
const folder = join(root, 'm');

beforeAll(() => {
  mkdirSync(join(folder, 'warmup'), { recursive: true });
  writeFileSync(join(folder, 'warmup/four'), new Uint8Array([1, 2, 3, 4]));
});
afterAll(() => rmSync(join(root, '..'), { recursive: true }));

async function read(text: string) {
  writeFileSync(join(folder, 'config.pbtxt'), text);
  return (await readTritonConfig({ name: 'm', root, folder, versions: [] }))!;
}

const IO =
  'input { name: "x" data_type: TYPE_FP32 dims: 4 } output { name: "y" data_type: TYPE_STRING dims: -1 } ';

describe('what Nexus makes of a field', () => {
  it.each<[text: string, settings: object]>([
    ['', { declared: { inputs: [], outputs: [] }, labels: {}, warmup: [] }],
    [IO, { max_batch_rows: 1 }],
    [`${IO} max_batch_size: 8`, { max_batch_rows: 8, merge_requests: false }],
    [`${IO} max_batch_size: 8 dynamic_batching { }`, { max_batch_rows: 8, max_queue_delay_us: 0 }],
    [`${IO} dynamic_batching { }`, { max_batch_rows: 1 }],
    ['max_batch_size: 8', { max_batch_rows: 8 }],
    ['input { name: "x" data_type: TYPE_FP32 dims: [1, 1] reshape { shape: 1 } }', { max_batch_rows: 1 }],
    [
      'dynamic_batching { max_queue_delay_microseconds: 100 default_queue_policy { timeout_action: REJECT default_timeout_microseconds: 5 max_queue_size: 6 allow_timeout_override: true } }',
      { max_queue_delay_us: 100, queue_policy: { timeout_us: 5, max_requests: 6 } },
    ],
    [
      'dynamic_batching { priority_levels: 3 default_priority_level: 2 priority_queue_policy { key: 1 value { max_queue_size: 4 } } }',
      {
        priority_levels: 3,
        default_priority_level: 2,
        priority_queue_policy: new Map([[1, { max_requests: 4 }]]),
      },
    ],
    ['instance_group [ { kind: KIND_CPU count: 2 }, { kind: KIND_CPU } ]', { instances: 3, device: 'cpu' }],
    [
      'instance_group {\n gpus: [ 1 ]\n kind: KIND_GPU }',
      { instances: 1, device: 'cuda:1', gpu_asked_at: 'models/m/config.pbtxt:3' },
    ],
    ['instance_group { kind: KIND_GPU count: 2 }', { instances: 2, device: 'cuda' }],
    ['instance_group { gpus: 0 }', { device: 'cuda:0' }],
    ['parameters { key: "intra_op_thread_count" value { string_value: "3" } }', { threads: 3 }],
    [
      'model_warmup { batch_size: 2 inputs { key: "x" value { data_type: TYPE_FP32 dims: [1] input_data_file: "four" } } } max_batch_size: 2',
      {
        warmup: [
          { count: 1, inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 1], fill: [{ 0: 1 }, { 3: 4 }] }] },
        ],
      },
    ],
    ['model_warmup { name: "none" }', { warmup: [] }],
  ])('%s', async (text, settings) => expect((await read(text)).settings).toMatchObject(settings));

  it('tensors have the batch dimension when there is one', async () => {
    const { declared } = (await read(`${IO}\nmax_batch_size: 1`)).settings;
    expect(declared).toEqual({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4], where: 'models/m/config.pbtxt:1' }],
      outputs: [{ name: 'y', datatype: 'BYTES', shape: [-1, -1], where: 'models/m/config.pbtxt:1' }],
      batched: 'models/m/config.pbtxt:2',
    });
    expect((await read(IO)).settings.declared).toMatchObject({
      inputs: [{ shape: [4] }],
      batched: undefined,
    });
  });

  it('a reshape is the shape in the model', async () => {
    const { declared } = (
      await read(
        'max_batch_size: 2 input { name: "x" data_type: TYPE_INT8 dims: [2, 3] reshape { shape: 6 } } output { name: "y" data_type: TYPE_BOOL dims: 1 reshape { } }',
      )
    ).settings;
    expect(declared).toMatchObject({
      inputs: [{ shape: [-1, 2, 3], inside: [-1, 6] }],
      outputs: [{ shape: [-1, 1], inside: [-1] }],
    });
  });

  it('no file is no configuration, and one that is too large is not read', async () => {
    const config = (name: string) => readTritonConfig({ name, root, folder: join(root, name), versions: [] });
    await expect(config('nothing')).resolves.toBeUndefined();
    await expect(read('#'.repeat(2 ** 20 + 1))).rejects.toThrow(
      'config.pbtxt cannot be read: it has 1048577 bytes, but the limit is 1048576',
    );
  });

  it('KIND_AUTO leaves the device to the server', async () => {
    expect((await read('instance_group { count: 2 }')).settings).not.toHaveProperty('device');
  });

  it.each([
    ['', ['3']],
    ['version_policy { }', ['1', '2', '3']],
    ['version_policy { all { } }', ['1', '2', '3']],
    ['version_policy { latest { num_versions: 2 } }', ['2', '3']],
    ['version_policy { latest { num_versions: 9 } }', ['1', '2', '3']],
    ['version_policy { specific { versions: [7, 2, 2] } }', ['2', '7']],
  ])('versions to serve: %s', async (text, versions) => {
    const { version_policy: policy } = (await read(text)).settings;
    expect(chosenVersions(policy!, ['1', '2', '3'])).toEqual(versions);
  });

  it.each([
    'optimization { graph { level: 1 } cuda { graphs: true } execution_accelerators { gpu_execution_accelerator: [ { name: "tensorrt" parameters { key: "precision_mode" value: "FP16" } } ] } input_pinned_memory { enable: true } }',
    'metric_tags [ { key: "a" value: "b" } ] response_cache { enable: true }',
    'dynamic_batching { preferred_batch_size: [ 4, 8 ] preserve_ordering: false priority_levels: 0 }',
    'model_transaction_policy { decoupled: false } cc_model_filenames [ ] runtime: ""',
    'parameters { key: "execution_mode" value: { string_value: "1" } } parameters: { key: "own" value: { } }',
    'instance_group [ { name: "a" host_policy: "b" rate_limiter { resources [ { name: "R" count: 1 } ] priority: 2 } } ]',
    'model_metrics { metric_control: [ { metric_identifier: { family: "f" } histogram_options: { buckets: [ 0.1, 1, inf ] } } ] }',
    'input { name: "x" data_type: TYPE_FP32 dims: [ 3, 4, 4 ] format: FORMAT_NCHW optional: false }',
  ])('a hint, or what asks for nothing, is taken: %s', async (text) => {
    await expect(read(text)).resolves.toBeDefined();
  });
});

it.each<[text: string, reason: string]>([
  ['backend: "python"', "1: backend 'python' is not supported; use 'onnxruntime'"],
  ['\nbatch_input [ ]', '2: batch_input is not supported; export the model with a batch dimension'],
  [
    'max_batch_size: -1',
    '1: max_batch_size: expected at least 0, got -1; use 0 for a model that does not batch',
  ],
  ['input { dims: 1 }', '1: an input or output has no name; add it'],
  ['input { name: "x" dims: 1 }', "1: 'x' has no data_type; add it, for example data_type: TYPE_FP32"],
  [
    'input { name: "x"\ndata_type: TYPE_BF16 }',
    "2: data_type TYPE_BF16 of 'x' is not supported; use TYPE_FP32",
  ],
  [
    'input { name: "x" data_type: TYPE_FP32\n dims: [1, 0] }',
    "2: dims of 'x': expected sizes of at least 1, or -1 for any size, got 0",
  ],
  [`${IO}\ninput { name: "x" }`, "2: 'x' is declared twice; remove one declaration"],
  [
    'input { name: "x"\noptional: true }',
    '2: input.optional is not supported; remove it; all inputs of an ONNX model are required',
  ],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [2, 3]\nreshape { shape: [5] } }',
    "2: reshape of 'x': expected two fixed shapes with the same number of elements, got [2,3] and [5]",
  ],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: -1\nreshape { shape: [-1, 1] } }',
    "2: reshape of 'x': expected two fixed shapes with the same number of elements, got [-1] and [-1,1]",
  ],
  [
    'dynamic_batching {\npriority_levels: 2 }',
    '2: default_priority_level: expected a level from 1 to priority_levels (2), got 0',
  ],
  ['dynamic_batching { priority_levels: 101 }', '1: priority_levels: expected at most 100, got 101'],
  ['dynamic_batching {\npreserve_ordering: true }', '2: dynamic_batching.preserve_ordering is not supported'],
  [
    'dynamic_batching { default_queue_policy { default_timeout_microseconds: 1\ntimeout_action: DELAY } }',
    '2: timeout_action DELAY is not supported',
  ],
  [
    'dynamic_batching { max_queue_delay_microseconds: 10000001 }',
    '1: max_queue_delay_microseconds: expected at most 10000000, got 10000001',
  ],
  [
    'instance_group { kind: KIND_GPU gpus: [0, 1] }',
    '1: a model on several GPUs is not supported; list one GPU, for example gpus: [ 0 ]',
  ],
  ['instance_group { kind: KIND_CPU gpus: 0 }', '1: gpus cannot be set with KIND_CPU'],
  [
    'instance_group { kind: KIND_CPU }\ninstance_group { kind: KIND_GPU }',
    '2: instance groups on different devices are not supported',
  ],
  ['instance_group { count: 65 }', '1: instance_group: expected at most 64 instances in total, got 65'],
  ['instance_group { count: -1 }', '1: instance_group.count: expected at least 1, got -1'],
  ['instance_group {\npassive: true }', '2: instance_group.passive is not supported; remove it'],
  ['cc_model_filenames { key: "7.5" value: "a.onnx" }', '1: cc_model_filenames is not supported'],
  [
    'model_operations { op_library_filename: "a.so" }',
    '1: model_operations.op_library_filename is not supported',
  ],
  [
    'model_repository_agents { agents [ { name: "checksum" } ] }',
    '1: model_repository_agents.agents is not supported',
  ],
  [
    'parameters { key: "intra_op_thread_count" value { string_value: "x" } }',
    "1: intra_op_thread_count: expected an integer from 0 to 999, got 'x'",
  ],
  ['parameters { key: "gpu_mem_limit" value { string_value: "1" } }', '1: gpu_mem_limit is not supported'],
  ['version_policy { latest { } }', '1: version_policy.latest requires num_versions; set it to at least 1'],
  [
    'version_policy { specific { } }',
    '1: version_policy.specific: expected versions of at least 1, got none',
  ],
  [
    'version_policy { all { } latest { num_versions: 1 } }',
    '1:26: expected only one of latest, all, specific, got both all and latest',
  ],
  [
    'model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: -1 } } }',
    "1: dims of warm-up input 'x': expected fixed sizes, got -1; set the size",
  ],
  [
    'model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 2 input_data_file: "four" } } }',
    "1: the file 'warmup/four': expected 8 bytes, one row of 'x', got 4",
  ],
  [
    'model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 2 input_data_file: "../../x" } } }',
    "1: the file 'warmup/../../x' cannot be read: ENOENT",
  ],
])('what is not supported is refused in one line: %s', async (text, reason) => {
  const { message } = (await read(text).catch((error: unknown) => error)) as Error;
  expect(message).toContain(`models/m/config.pbtxt:${reason}`);
  expect(message).not.toContain('\n');
});
