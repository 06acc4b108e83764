import { many, mapOf, numberedMapOf, ONE_OF, type MessageOf } from './text/message-type';

/** Triton's datatypes, in the order of their numbers. */
const DATA_TYPES = [
  'TYPE_INVALID',
  'TYPE_BOOL',
  'TYPE_UINT8',
  'TYPE_UINT16',
  'TYPE_UINT32',
  'TYPE_UINT64',
  'TYPE_INT8',
  'TYPE_INT16',
  'TYPE_INT32',
  'TYPE_INT64',
  'TYPE_FP16',
  'TYPE_FP32',
  'TYPE_FP64',
  'TYPE_STRING',
  'TYPE_BF16',
] as const;

const RESHAPE = { shape: many('int64') } as const;
const ENABLE = { enable: 'bool' } as const;

const TENSOR = {
  name: 'string',
  data_type: DATA_TYPES,
  dims: many('int64'),
  reshape: RESHAPE,
  is_shape_tensor: 'bool',
  is_non_linear_format_io: 'bool',
} as const;

const INPUT = {
  ...TENSOR,
  format: ['FORMAT_NONE', 'FORMAT_NHWC', 'FORMAT_NCHW'],
  allow_ragged_batch: 'bool',
  optional: 'bool',
} as const;

const OUTPUT = { ...TENSOR, label_filename: 'string' } as const;

const INSTANCE_GROUP = {
  name: 'string',
  kind: ['KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL'],
  count: 'int32',
  gpus: many('int32'),
  rate_limiter: {
    resources: many({ name: 'string', global: 'bool', count: 'uint32' }),
    priority: 'uint32',
  },
  secondary_devices: many({ kind: ['KIND_NVDLA'], device_id: 'int64' }),
  profile: many('string'),
  passive: 'bool',
  host_policy: 'string',
} as const;

const QUEUE_POLICY = {
  timeout_action: ['REJECT', 'DELAY'],
  default_timeout_microseconds: 'uint64',
  allow_timeout_override: 'bool',
  max_queue_size: 'uint32',
} as const;

const DYNAMIC_BATCHING = {
  preferred_batch_size: many('int32'),
  max_queue_delay_microseconds: 'uint64',
  preserve_ordering: 'bool',
  priority_levels: 'uint64',
  default_priority_level: 'uint64',
  default_queue_policy: QUEUE_POLICY,
  priority_queue_policy: numberedMapOf(QUEUE_POLICY),
} as const;

const ENSEMBLE_SCHEDULING = {
  step: many({
    model_name: 'string',
    model_version: 'int64',
    input_map: mapOf('string'),
    output_map: mapOf('string'),
    model_namespace: 'string',
  }),
  max_inflight_requests: 'uint32',
} as const;

const GRAPH_SHAPES = mapOf({ dim: many('int64') });
const ACCELERATOR = { name: 'string', parameters: mapOf('string') } as const;

const OPTIMIZATION = {
  graph: { level: 'int32' },
  priority: ['PRIORITY_DEFAULT', 'PRIORITY_MAX', 'PRIORITY_MIN'],
  cuda: {
    graphs: 'bool',
    busy_wait_events: 'bool',
    graph_spec: many({
      batch_size: 'int32',
      input: GRAPH_SHAPES,
      graph_lower_bound: { batch_size: 'int32', input: GRAPH_SHAPES },
    }),
    output_copy_stream: 'bool',
  },
  execution_accelerators: {
    gpu_execution_accelerator: many(ACCELERATOR),
    cpu_execution_accelerator: many(ACCELERATOR),
  },
  input_pinned_memory: ENABLE,
  output_pinned_memory: ENABLE,
  gather_kernel_buffer_threshold: 'uint32',
  eager_batching: 'bool',
} as const;

const WARM_UP_INPUT = {
  data_type: DATA_TYPES,
  dims: many('int64'),
  zero_data: 'bool',
  random_data: 'bool',
  input_data_file: 'string',
  [ONE_OF]: ['zero_data', 'random_data', 'input_data_file'],
} as const;

const MODEL_METRICS = {
  metric_control: many({
    metric_identifier: { family: 'string' },
    histogram_options: { buckets: many('double') },
  }),
} as const;

/** Type of a config.pbtxt. Fields that are always rejected are not listed: their values are never read. */
export const MODEL_CONFIG = {
  name: 'string',
  platform: 'string',
  backend: 'string',
  runtime: 'string',
  version_policy: {
    latest: { num_versions: 'uint32' },
    all: {},
    specific: { versions: many('int64') },
    [ONE_OF]: ['latest', 'all', 'specific'],
  },
  max_batch_size: 'int32',
  input: many(INPUT),
  output: many(OUTPUT),
  optimization: OPTIMIZATION,
  dynamic_batching: DYNAMIC_BATCHING,
  ensemble_scheduling: ENSEMBLE_SCHEDULING,
  instance_group: many(INSTANCE_GROUP),
  default_model_filename: 'string',
  cc_model_filenames: mapOf('string'),
  metric_tags: mapOf('string'),
  parameters: mapOf({ string_value: 'string' }),
  model_warmup: many({ name: 'string', batch_size: 'uint32', inputs: mapOf(WARM_UP_INPUT), count: 'uint32' }),
  model_operations: { op_library_filename: many('string') },
  model_transaction_policy: { decoupled: 'bool' },
  model_repository_agents: { agents: many(ACCELERATOR) },
  response_cache: ENABLE,
  model_metrics: MODEL_METRICS,
  [ONE_OF]: ['dynamic_batching', 'ensemble_scheduling'],
} as const;

/** The content of a config.pbtxt, without the fields that are always rejected. */
export type ModelConfig = MessageOf<typeof MODEL_CONFIG>;

/** An input or output in config.pbtxt. */
export type TensorConfig = MessageOf<typeof OUTPUT>;

/** An instance group in config.pbtxt. */
export type InstanceGroupConfig = MessageOf<typeof INSTANCE_GROUP>;

/** One warm-up in config.pbtxt. */
export type WarmUpConfig = NonNullable<ModelConfig['model_warmup']>[number];
