import { QUOTAS_SCHEMA } from '../limits/quota-schema';
import type { ComputedSettings, ModelSettings } from './model-settings';
import type { WrittenPipeline } from './pipeline-definition';
import {
  atLeast,
  byType,
  CACHE,
  choices,
  FLAG,
  MILLISECONDS,
  NON_EMPTY_TEXT,
  DISTINCT_NAMES,
  PAD,
  PAYLOAD_LOG,
  PRIORITY_LEVEL,
  DIMENSION_SIZE,
  STEP,
  TEXT,
  WARM_UP,
  whole,
} from './setting-schemas';
import { REMOTE_SETTINGS } from './remote-settings';
import { PICTURE_INPUTS, TASK_SETTINGS } from './task-settings';

/**
 * A key of model.yaml. By default, a key is rejected beside config.pbtxt, in pipelines and in models that other servers run,
 * and a change of it reloads the version.
 */
interface SettingRow {
  /** Text that editors show. */
  readonly description: string;
  /** JSON schema of the value. */
  readonly schema: object;
  /** Whether a change applies without reloading the version. */
  readonly live?: true;
  /** Whether it is allowed beside a config.pbtxt, which has no field for it. */
  readonly besideConfig?: true;
  /** Whether it is allowed in a pipeline, or only there. */
  readonly inPipeline?: true | 'only';
  /** Whether it is allowed in a model that other servers run, or only there. */
  readonly inRemote?: true | 'only';
}

const CLASS_NAMES = { oneOf: [NON_EMPTY_TEXT, { type: 'array', minItems: 1, items: TEXT }] } as const;

type WrittenKey = Exclude<keyof ModelSettings, keyof ComputedSettings> | keyof WrittenPipeline;

/** One row for each key of model.yaml, in the order used in messages. model.schema.json is generated from them. */
export const SETTINGS = {
  description: {
    description: 'Description of the model for the API documentation.',
    live: true,
    besideConfig: true,
    inPipeline: true,
    inRemote: true,
    schema: TEXT,
  },
  device: {
    description:
      'Device that runs the model: auto tries CUDA and falls back to the CPU, cuda does not fall back. Default: NEXUS_DEVICE.',
    schema: { type: 'string', pattern: '^(auto|cpu|cuda|cuda:[0-9]{1,2})$' },
  },
  instances: { description: 'Number of runners (processes) of the model. Default: 1.', schema: whole(1, 64) },
  threads: {
    description: 'Threads of each runner. Default: the number of cores divided by instances.',
    schema: whole(1, 256),
  },
  max_batch_rows: {
    description: 'Maximum rows in a run. Set it to 1 to turn batching off. Default: 64.',
    schema: DIMENSION_SIZE,
  },
  verify_batching: {
    description:
      'Share of batches that are verified: one row is run again, alone, to check that rows are independent. The first 32 batches are verified as well. After that, further batches are, up to a thousand, as long as verification takes at most 2 % of the run time. Set it to 0 to turn verification off. Default: 0.001.',
    live: true,
    besideConfig: true,
    schema: { type: 'number', minimum: 0, maximum: 1 },
  },
  allowed_batch_sizes: {
    description:
      'The only batch sizes that are run. Smaller batches are filled by repeating a row, and the outputs are trimmed. The largest is max_batch_rows. Default: any size.',
    schema: choices(DIMENSION_SIZE),
  },
  pad: {
    description:
      'Pads inputs of different lengths to a common length, so that their requests can share runs.',
    schema: PAD,
  },
  target_p99_ms: {
    description:
      'Target latency of 99 of 100 requests, in milliseconds. The delay of idle runners is then adjusted automatically, in place of max_queue_delay_us.',
    live: true,
    schema: { type: 'number', exclusiveMinimum: 0, maximum: 86_400_000 },
  },
  max_queue_delay_us: {
    description:
      'How long an idle runner waits for more requests before it runs a batch, in microseconds. Default: 0.',
    live: true,
    schema: whole(0, 10_000_000),
  },
  max_queue_rows: {
    description: 'Maximum rows in the queue. Further requests receive 429. Default: 8192.',
    live: true,
    besideConfig: true,
    schema: atLeast(1),
  },
  max_queue_bytes: {
    description: 'Maximum bytes of tensors in the queue. Further requests receive 429. Default: 268435456.',
    live: true,
    besideConfig: true,
    schema: atLeast(1),
  },
  priority_levels: {
    description:
      'Number of levels for the request parameter priority; 1 is the highest. If it is not set, priority is ignored.',
    live: true,
    schema: PRIORITY_LEVEL,
  },
  default_priority_level: {
    description: 'Priority level of requests that do not set one. Default: the lowest.',
    live: true,
    schema: PRIORITY_LEVEL,
  },
  timeout_ms: {
    description:
      'Maximum time of a run, in milliseconds. A runner that exceeds it is terminated. Default: 30000.',
    besideConfig: true,
    schema: MILLISECONDS,
  },
  load_timeout_ms: {
    description: 'Maximum time to load the model, including warm-up, in milliseconds. Default: 300000.',
    live: true,
    besideConfig: true,
    schema: MILLISECONDS,
  },
  load: {
    description:
      'When the model is loaded: start, when Nexus starts, or on_demand, at its first request. Models loaded on demand can be evicted to stay within the memory budget. Default: NEXUS_LOAD.',
    live: true,
    besideConfig: true,
    schema: { enum: ['start', 'on_demand'] },
  },
  pinned: {
    description: 'Whether a model loaded on demand stays in memory and is never evicted. Default: false.',
    live: true,
    besideConfig: true,
    schema: FLAG,
  },
  cache: {
    description:
      'Whether responses are cached and reused for identical requests: true, or an object with options. Use it only for models that return the same outputs for the same inputs. Default: false.',
    besideConfig: true,
    inRemote: true,
    schema: { anyOf: [FLAG, CACHE] },
  },
  limits: {
    description:
      'Limits of all clients of the model together, such as { requests_per_second: 100, in_flight: 20 }. Default: none.',
    live: true,
    besideConfig: true,
    inPipeline: true,
    inRemote: true,
    schema: QUOTAS_SCHEMA,
  },
  payload_log: {
    description: 'Logs inputs and outputs of a share of the requests, as in { sample: 0.01 }. Default: none.',
    live: true,
    besideConfig: true,
    inPipeline: true,
    inRemote: true,
    schema: PAYLOAD_LOG,
  },
  isolation: {
    description:
      'own: the model has its own runner processes. shared: it shares processes with other small models. In a shared process, models run one at a time, and a crash also ends the runs of the other models, which are retried. Default: NEXUS_ISOLATION.',
    schema: { enum: ['own', 'shared'] },
  },
  versions: {
    description:
      'Versions to serve: all, the newest as in { latest: 2 }, or a list such as [1, 3]. Default: all.',
    live: true,
    inPipeline: true,
    inRemote: true,
    schema: {
      anyOf: [
        { const: 'all' },
        {
          type: 'object',
          properties: { latest: atLeast(1) },
          required: ['latest'],
          additionalProperties: false,
        },
        { type: 'array', items: atLeast(1), minItems: 1, uniqueItems: true },
      ],
    },
  },
  required: {
    description: 'Whether the server is ready only if this model is. Default: false.',
    live: true,
    besideConfig: true,
    inPipeline: true,
    inRemote: true,
    schema: FLAG,
  },
  labels: {
    description:
      'Class names of each output: a list, or the name of a file next to model.yaml with one label per line. For a model with a task, only the list or the name.',
    live: true,
    inPipeline: true,
    inRemote: true,
    schema: byType('object', { type: 'object', additionalProperties: CLASS_NAMES }, CLASS_NAMES),
  },
  softmax: {
    description:
      'Outputs that are logits: true for all, or a list of names. Their classes are returned with probabilities; the outputs themselves do not change. Default: none.',
    live: true,
    inPipeline: true,
    inRemote: true,
    schema: { anyOf: [FLAG, DISTINCT_NAMES] },
  },
  example: {
    description:
      'Example values of the inputs by name, for the API documentation. If the model batches, omit the first dimension.',
    live: true,
    inPipeline: true,
    inRemote: true,
    schema: { type: 'object' },
  },
  warmup: {
    description:
      'Warm-up runs before READY, in order. Default: one run on zeros for each combination of allowed_batch_sizes and the lengths of pad, if either is set.',
    schema: { type: 'array', maxItems: 100, items: WARM_UP },
  },
  ...TASK_SETTINGS,
  ...REMOTE_SETTINGS,
  kind: {
    description:
      'Kind of the model. Set it to pipeline for a graph of models, defined by inputs, outputs and steps. Default: an ONNX model.',
    inPipeline: 'only',
    schema: { enum: ['pipeline'] },
  },
  inputs: {
    description:
      'Names of the inputs of a pipeline, whose datatypes and shapes come from the models that read them. For a model of pictures: its input, and how pictures are prepared for it.',
    inPipeline: 'only',
    schema: byType('array', DISTINCT_NAMES, PICTURE_INPUTS),
  },
  outputs: {
    description: 'Names of the outputs of a pipeline. Each must be an output of a step.',
    inPipeline: 'only',
    schema: DISTINCT_NAMES,
  },
  steps: {
    description: 'Steps of a pipeline, in any order. Each step runs as soon as its inputs are available.',
    inPipeline: 'only',
    schema: { type: 'array', minItems: 1, maxItems: 100, items: STEP },
  },
} as const satisfies Record<WrittenKey, SettingRow>;

/** Settings that are not keys of model.yaml, and whether a change of them is live. */
const COMPUTED = {
  pipeline: false,
  classes: false,
  picture: false,
  declared: false,
  gpu_asked_at: true,
  version_policy: true,
  label_files: true,
  merge_requests: false,
  response_cache: false,
  queue_policy: true,
  priority_queue_policy: true,
} as const satisfies Record<keyof ComputedSettings, boolean>;

const ROWS: readonly (readonly [key: string, row: SettingRow])[] = Object.entries(SETTINGS);

/** The JSON schema of a model.yaml. */
export const MODEL_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Nexus model.yaml',
  description:
    'Settings of a model that cannot be read from its ONNX file. The file is next to the version folders. All keys are optional.',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    ROWS.map(([key, { description, schema }]) => [key, { description, ...schema }]),
  ),
};

/** The keys of model.yaml whose row passes `test`, in table order. */
export function keysWhere(test: (row: SettingRow) => unknown): readonly string[] {
  return ROWS.filter(([, row]) => test(row)).map(([key]) => key);
}

/** Keys of {@link ModelSettings} whose changes apply without reloading the version. */
export const LIVE_SETTINGS: ReadonlySet<string> = new Set([
  ...keysWhere(({ live }) => live),
  ...Object.entries(COMPUTED).flatMap(([key, live]) => (live ? [key] : [])),
]);
