import type { ComputedSettings, ModelSettings } from './model-settings';
import type { WrittenPipeline } from './pipeline-definition';
import {
  atLeast,
  CACHE,
  choices,
  FLAG,
  MILLISECONDS,
  NON_EMPTY_TEXT,
  DISTINCT_NAMES,
  PAD,
  PRIORITY_LEVEL,
  DIMENSION_SIZE,
  STEP,
  TEXT,
  WARM_UP,
  whole,
} from './setting-schemas';

/**
 * A key of model.yaml. What a row leaves out is the safe answer: the key is refused where it is not known to make
 * sense, and a change of it loads the version anew.
 */
interface SettingRow {
  /** What editors show. */
  readonly description: string;
  /** JSON schema of the value. */
  readonly schema: object;
  /** Whether a change applies while the version goes on serving. */
  readonly live?: true;
  /** Whether it may stand beside a config.pbtxt, which has no field for it. */
  readonly besideConfig?: true;
  /** Whether it may stand in a pipeline, or only there. */
  readonly inPipeline?: true | 'only';
}

type WrittenKey = Exclude<keyof ModelSettings, keyof ComputedSettings> | keyof WrittenPipeline;

/** One row for each key of model.yaml, in the order that messages list them; model.schema.json is made of them. */
export const SETTINGS = {
  description: {
    description: 'Text for the documentation.',
    live: true,
    besideConfig: true,
    inPipeline: true,
    schema: TEXT,
  },
  device: {
    description:
      'Where the model runs: auto tries CUDA and falls back to the CPU, cuda never falls back. Default: NEXUS_DEVICE.',
    schema: { type: 'string', pattern: '^(auto|cpu|cuda|cuda:[0-9]{1,2})$' },
  },
  instances: { description: 'Runners (processes) of this model. Default: 1.', schema: whole(1, 64) },
  threads: {
    description: 'Threads of one runner. Default: the cores divided by the instances.',
    schema: whole(1, 256),
  },
  max_batch_rows: {
    description: 'Most rows in one run; 1 turns batching off. Default: 64.',
    schema: DIMENSION_SIZE,
  },
  verify_batching: {
    description:
      'The share of batches, after the first thousand, of which a row is run again alone to see whether rows depend on each other; 0 turns that off for the first thousand too. Default: 0.001.',
    live: true,
    besideConfig: true,
    schema: { type: 'number', minimum: 0, maximum: 1 },
  },
  allowed_batch_sizes: {
    description:
      'The numbers of rows that a run may have; smaller batches are filled up with copies of a row, and outputs are cut back. The largest is max_batch_rows. Default: any.',
    schema: choices(DIMENSION_SIZE),
  },
  pad: {
    description: 'Inputs of different lengths are filled up to the same, so that their requests share runs.',
    schema: PAD,
  },
  target_p99_ms: {
    description:
      'Time within which 99 of 100 requests are to be answered: how long an idle runner waits for company is then found, instead of max_queue_delay_us.',
    live: true,
    schema: { type: 'number', exclusiveMinimum: 0, maximum: 86_400_000 },
  },
  max_queue_delay_us: {
    description: 'How long an idle runner waits for company, in microseconds. Default: 0.',
    live: true,
    schema: whole(0, 10_000_000),
  },
  max_queue_rows: {
    description: 'Most rows that may wait; beyond that requests are answered with 429. Default: 8192.',
    live: true,
    besideConfig: true,
    schema: atLeast(1),
  },
  max_queue_bytes: {
    description:
      'Most bytes of tensors that may wait; beyond that requests are answered with 429. Default: 268435456.',
    live: true,
    besideConfig: true,
    schema: atLeast(1),
  },
  priority_levels: {
    description:
      'How many levels the request parameter priority has; 1 is the highest. Without it, priority is ignored.',
    live: true,
    schema: PRIORITY_LEVEL,
  },
  default_priority_level: {
    description: 'Level of requests that name none. Default: the lowest.',
    live: true,
    schema: PRIORITY_LEVEL,
  },
  timeout_ms: {
    description: 'Hard limit of one run, in milliseconds; past it the runner is killed. Default: 30000.',
    besideConfig: true,
    schema: MILLISECONDS,
  },
  load_timeout_ms: {
    description: 'Hard limit of loading, warm-up included, in milliseconds. Default: 300000.',
    live: true,
    besideConfig: true,
    schema: MILLISECONDS,
  },
  load: {
    description:
      'When the model is loaded: start, or on_demand, at its first request; the memory budget may then take it out of memory again. Default: NEXUS_LOAD.',
    live: true,
    besideConfig: true,
    schema: { enum: ['start', 'on_demand'] },
  },
  pinned: {
    description: 'Whether a model that is loaded on demand stays in memory from then on. Default: false.',
    live: true,
    besideConfig: true,
    schema: FLAG,
  },
  cache: {
    description:
      'Whether an answer is given again to an equal request: true, or how. Only for models that give equal answers to equal inputs. Default: false.',
    besideConfig: true,
    schema: { anyOf: [FLAG, CACHE] },
  },
  isolation: {
    description:
      'Whether the runners of the model are processes of its own, or small models share them: a crash then ends the runs of the others too, which are tried again, and they run one after another. Default: NEXUS_ISOLATION.',
    schema: { enum: ['own', 'shared'] },
  },
  versions: {
    description:
      'Which versions are served: all, the newest ones as in { latest: 2 }, or a list such as [1, 3]. Default: all.',
    live: true,
    inPipeline: true,
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
    description: 'Whether the server is not ready without this model. Default: false.',
    live: true,
    besideConfig: true,
    inPipeline: true,
    schema: FLAG,
  },
  labels: {
    description:
      'Names of the classes of an output: a list, or a file beside model.yaml with one label a line.',
    live: true,
    inPipeline: true,
    schema: {
      type: 'object',
      additionalProperties: { oneOf: [NON_EMPTY_TEXT, { type: 'array', minItems: 1, items: TEXT }] },
    },
  },
  softmax: {
    description:
      'Which outputs are logits: true for all, or a list of their names. The classes of these are told with probabilities; the outputs themselves stay as they are. Default: none.',
    live: true,
    inPipeline: true,
    schema: { anyOf: [FLAG, DISTINCT_NAMES] },
  },
  example: {
    description:
      'Values of the inputs by name, for the documentation; without the first dimension where the model batches.',
    live: true,
    inPipeline: true,
    schema: { type: 'object' },
  },
  warmup: {
    description:
      'Runs before READY, in order. Default: one on zeros for each of allowed_batch_sizes and of the lengths of pad, where those are given.',
    schema: { type: 'array', maxItems: 100, items: WARM_UP },
  },
  kind: {
    description:
      'What the model is: pipeline is a graph of models, described by inputs, outputs and steps. Default: an ONNX file.',
    inPipeline: 'only',
    schema: { enum: ['pipeline'] },
  },
  inputs: {
    description:
      'Names of the inputs of a pipeline; datatypes and shapes are those of the models that read them.',
    inPipeline: 'only',
    schema: DISTINCT_NAMES,
  },
  outputs: {
    description: 'Names of the outputs of a pipeline, each of which a step gives.',
    inPipeline: 'only',
    schema: DISTINCT_NAMES,
  },
  steps: {
    description: 'The models of a pipeline, in any order; a step runs as soon as there is all that it reads.',
    inPipeline: 'only',
    schema: { type: 'array', minItems: 1, maxItems: 100, items: STEP },
  },
} as const satisfies Record<WrittenKey, SettingRow>;

/** Settings that no key of model.yaml gives as it is written, and whether a change of them is live. */
const COMPUTED = {
  pipeline: false,
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
    'What cannot be read from the ONNX file. Stands beside the version folders of a model; every key is optional.',
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(
    ROWS.map(([key, { description, schema }]) => [key, { description, ...schema }]),
  ),
};

/** The keys of model.yaml whose row passes `test`, in their order. */
export function keysWhere(test: (row: SettingRow) => unknown): readonly string[] {
  return ROWS.filter(([, row]) => test(row)).map(([key]) => key);
}

/** Keys of {@link ModelSettings} of which a change applies while the version goes on serving. */
export const LIVE_SETTINGS: ReadonlySet<string> = new Set([
  ...keysWhere(({ live }) => live),
  ...Object.entries(COMPUTED).flatMap(([key, live]) => (live ? [key] : [])),
]);
