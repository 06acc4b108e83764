import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MODEL_CONFIG } from '../../../../src/repository/triton/model-config';
import { Many, type FieldType, type MessageType } from '../../../../src/repository/triton/text/message-type';
import { readJsonConfig, readTritonConfig } from '../../../../src/repository/triton/config-pbtxt';

const root = join(mkdtempSync(join(tmpdir(), 'nexus-json-')), 'models');
const model = { name: 'm', root, folder: join(root, 'm'), versions: [] };
const FILE = 'models/m/config.pbtxt';

beforeAll(() => {
  mkdirSync(join(model.folder, 'warmup'), { recursive: true });
  writeFileSync(join(model.folder, 'some.txt'), 'one\ntwo');
});
afterAll(() => rmSync(join(root, '..'), { recursive: true }));

/** Chooses among the legal ways to write; each choice is the next of these numbers. */
type Style = () => number;

function pick<T>(style: Style, options: readonly T[]): T {
  return options[style() % options.length]!;
}

/** A message of some of these fields. */
function some(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(fields, { requiredKeys: [] });
}

/** Mostly what is taken, else what may be refused. */
function mostly<T>(taken: readonly T[], other: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...taken) }, fc.constantFrom(...other));
}

const few = (value: fc.Arbitrary<unknown>) => fc.array(value, { maxLength: 2 });
const word = fc.constantFrom('x', 'y', 'intra_op_thread_count', 'Ä "\\\n');
const small = fc.nat({ max: 4 });
const flag = fc.boolean();
const off = mostly([false], [true]);
const dims = fc.array(mostly([1, 2, 4], [-1, 0]), { maxLength: 3 });
const type = mostly(['TYPE_FP32', 'TYPE_INT64', 'TYPE_STRING'], ['TYPE_BF16', 'TYPE_INVALID']);

const tensor = { name: word, data_type: type, dims, is_shape_tensor: off };
const tensors = (more: Record<string, fc.Arbitrary<unknown>>) =>
  fc.uniqueArray(fc.record({ ...tensor, ...more }, { requiredKeys: ['name', 'data_type'] }), {
    maxLength: 3,
    selector: ({ name }) => name,
  });
const config = some({
  name: mostly(['m', ''], ['n']),
  platform: mostly(['onnxruntime_onnx', ''], ['tensorrt_plan']),
  max_batch_size: small,
  version_policy: mostly<object>(
    [{}, { all: {} }, { latest: { num_versions: 2 } }, { specific: { versions: [2, 1] } }],
    [{ latest: {} }, { specific: {} }],
  ),
  input: tensors({ format: fc.constant('FORMAT_NCHW'), allow_ragged_batch: off }),
  output: tensors({ label_filename: mostly(['some.txt', ''], ['no.txt']) }),
  dynamic_batching: some({
    preferred_batch_size: dims,
    max_queue_delay_microseconds: mostly([0, 1000], [10_000_001]),
    preserve_ordering: off,
    default_queue_policy: some({
      timeout_action: mostly(['REJECT'], ['DELAY']),
      default_timeout_microseconds: small,
      max_queue_size: small,
    }),
    priority_queue_policy: mostly<object>([{}], [{ 1: { max_queue_size: 7 }, 2: {} }]),
  }),
  instance_group: few(
    some({ count: small, kind: fc.constant('KIND_GPU'), gpus: mostly([[], [1]], [[0, 1]]) }),
  ),
  default_model_filename: word,
  metric_tags: fc.dictionary(word, word),
  parameters: fc.dictionary(word, some({ string_value: mostly(['1', '2'], ['x', '']) })),
  model_warmup: few(
    some({
      batch_size: small,
      count: small,
      inputs: fc.dictionary(word, fc.record({ data_type: type, dims, random_data: flag })),
    }),
  ),
  optimization: some({ graph: some({ level: small }), input_pinned_memory: some({ enable: flag }) }),
  model_metrics: some({
    metric_control: few(some({ histogram_options: some({ buckets: few(fc.double()) }) })),
  }),
});

/** `message` as a config.pbtxt of one line. */
function asText(message: object, of: MessageType): string {
  return Object.entries(message)
    .flatMap(([name, value]) => fieldAsText(name, value, of[name]!))
    .join(' ');
}

function fieldAsText(name: string, value: unknown, of: FieldType): string[] {
  if (!(of instanceof Many)) return [`${name}: ${valueAsText(value, of)}`];
  const items = of.isMap
    ? Object.entries(value as object).map(([key, held]) => ({ key, value: held }))
    : value;
  return (items as unknown[]).map((item) => `${name}: ${valueAsText(item, of.type)}`);
}

function valueAsText(value: unknown, of: FieldType): string {
  if (of === 'string') return JSON.stringify(value);
  if (of === 'double' && typeof value === 'number') return doubleAsText(value);
  if (typeof of === 'string' || Array.isArray(of)) return String(value);
  return `{ ${asText(value as object, of as MessageType)} }`;
}

function doubleAsText(value: number): string {
  return Number.isNaN(value) ? 'nan' : String(value).replace('Infinity', 'inf');
}

/** `message` as a value for JSON.stringify, in any of the ways that the JSON mapping has. */
function asJson(message: object, of: MessageType, style: Style): unknown {
  const fields = Object.entries(message).map(([name, value]) => {
    const written = pick(style, [
      name,
      name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    ]);
    return [written, valueAsJson(value, of[name]!, style)];
  });
  return Object.fromEntries(fields);
}

function valueAsJson(value: unknown, of: FieldType, style: Style): unknown {
  if (of instanceof Many && of.isMap) {
    const entries = Object.entries(value as object);
    const { value: held } = of.type as MessageType;
    return Object.fromEntries(entries.map(([key, item]) => [key, valueAsJson(item, held!, style)]));
  }
  if (of instanceof Many) return (value as unknown[]).map((item) => valueAsJson(item, of.type, style));
  if (Array.isArray(of)) return pick<unknown>(style, [value, of.indexOf(value), String(value).toLowerCase()]);
  if (of === 'string' || of === 'bool') return value;
  if (typeof of === 'string')
    return Number.isFinite(value) ? pick(style, [value, String(value)]) : String(value);
  return asJson(value as object, of as MessageType, style);
}

/** What is read, or why it is refused, without the column. */
async function outcome(read: Promise<unknown>): Promise<unknown> {
  try {
    return await read;
  } catch (error) {
    return (error as Error).message.replace(/:1:\d+:/, ':1:');
  }
}

it('a configuration in JSON and the same in config.pbtxt come to the same', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(config, fc.infiniteStream(fc.nat({ max: 1000 })), async (message, stream) => {
      const json = JSON.stringify(asJson(message, MODEL_CONFIG, () => stream.next().value!));
      writeFileSync(join(model.folder, 'config.pbtxt'), asText(message, MODEL_CONFIG));
      const expected = await outcome(readTritonConfig(model));
      expect(await outcome(readJsonConfig(json, FILE, model))).toEqual(expected);
      if (typeof expected === 'object') taken++;
    }),
    { numRuns: 300 },
  );
  expect(taken).toBeGreaterThan(50);
});

it('takes what Triton answers for a model, every field of which is there', async () => {
  const common = { data_type: 'TYPE_FP32', is_shape_tensor: false, is_non_linear_format_io: false };
  const json = JSON.stringify({
    name: 'm',
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    runtime: '',
    version_policy: { latest: { num_versions: '1' } },
    max_batch_size: 8,
    input: [
      {
        ...common,
        name: 'x',
        format: 'FORMAT_NONE',
        dims: ['4'],
        allow_ragged_batch: false,
        optional: false,
      },
    ],
    output: [{ ...common, name: 'y', dims: ['2'], label_filename: 'some.txt' }],
    batch_input: [],
    batch_output: [],
    optimization: {
      priority: 'PRIORITY_DEFAULT',
      input_pinned_memory: { enable: true },
      gather_kernel_buffer_threshold: 0,
      eager_batching: false,
    },
    dynamic_batching: {
      preferred_batch_size: [8],
      max_queue_delay_microseconds: '100',
      preserve_ordering: false,
      priority_levels: '0',
      default_priority_level: '0',
      priority_queue_policy: {},
    },
    instance_group: [
      {
        name: 'm_0',
        kind: 'KIND_CPU',
        count: 2,
        gpus: [],
        secondary_devices: [],
        profile: [],
        passive: false,
        host_policy: '',
      },
    ],
    default_model_filename: 'model.onnx',
    cc_model_filenames: {},
    metric_tags: {},
    parameters: { intra_op_thread_count: { string_value: '3' } },
    model_warmup: [],
    model_transaction_policy: { decoupled: false },
  });
  const { settings, filename } = await readJsonConfig(json, FILE, model);
  expect(filename).toBe('model.onnx');
  expect(settings).toMatchObject({
    max_batch_rows: 8,
    max_queue_delay_us: 100,
    instances: 2,
    device: 'cpu',
    threads: 3,
    version_policy: { latest: { num_versions: 1 } },
    labels: { y: ['one', 'two'] },
    declared: { inputs: [{ name: 'x', shape: [-1, 4] }], outputs: [{ name: 'y', shape: [-1, 2] }] },
  });
});
