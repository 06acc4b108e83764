import type { Shape, TensorSpec } from '../../tensor/tensor';
import type { DeclaredTensor } from '../../repository/declared-tensors';
import type { Servable, ServedStep } from '../model';
import type {
  ConfiguredOutput,
  EnsembleStep,
  InstanceGroup,
  ModelConfiguration,
} from './configuration.schema';

/**
 * Returns the configuration of `version` in the format of Triton's model configuration (model_config.proto), for REST
 * and gRPC. It includes the values that Nexus chose itself, such as threads.
 *
 * @throws NexusError model_not_ready before the version has loaded.
 */
export function configurationOf(version: Servable): ModelConfiguration {
  const { name, platform, signature, maxBatchRows, options, steps } = version;
  const { inputs, outputs, batches } = signature;
  const { declared, label_files, version_policy = { all: {} } } = options.settings;
  return {
    name,
    platform,
    version_policy,
    max_batch_size: batches ? maxBatchRows : 0,
    input: inputs.map((spec) => configured(spec, batches, insideOf(spec, declared?.inputs))),
    output: outputs.map((spec) =>
      configured(spec, batches, insideOf(spec, declared?.outputs), label_files?.[spec.name]),
    ),
    ...(platform === 'remote' ? REMOTE : steps === undefined ? runningOf(version) : schedulingOf(steps)),
  };
}

/** The fields of a model that other servers run. */
const REMOTE = {
  backend: 'remote',
  instance_group: [],
  default_model_filename: '',
  response_cache: { enable: false },
  parameters: {},
};

/** The fields of a pipeline: its steps. */
function schedulingOf(steps: readonly ServedStep[]) {
  return {
    backend: '',
    instance_group: [],
    default_model_filename: '',
    response_cache: { enable: false },
    ensemble_scheduling: { step: steps.map(stepOf) },
    parameters: {},
  };
}

function stepOf({ step: { model, version, inputs, outputs } }: ServedStep): EnsembleStep {
  return {
    model_name: model,
    model_version: version === undefined ? -1 : Number(version),
    input_map: { ...inputs },
    output_map: { ...outputs },
  };
}

/** The fields of an ONNX model: its runners. */
function runningOf({ name, signature, device, options }: Servable) {
  const { placement, filename, settings } = options;
  const { merge_requests = true } = settings;
  const batching = {
    max_queue_delay_microseconds: settings.max_queue_delay_us ?? 0,
    priority_levels: settings.priority_levels ?? 0,
    default_priority_level: settings.default_priority_level ?? settings.priority_levels ?? 0,
  };
  const group: InstanceGroup = {
    name: `${name}_0`,
    kind: device !== 'cuda' ? 'KIND_CPU' : 'KIND_GPU',
    count: placement.instances,
    gpus: device === 'cuda' ? [Number(options.device.split(':')[1] ?? 0)] : [],
  };
  return {
    backend: 'onnxruntime',
    instance_group: [group],
    default_model_filename: filename,
    response_cache: { enable: options.cache !== undefined },
    ...(signature.batches && merge_requests ? { dynamic_batching: batching } : {}),
    parameters: { intra_op_thread_count: { string_value: String(placement.threads) } },
  };
}

/** The shape in the model of a tensor that is declared with a different shape. */
function insideOf({ name }: TensorSpec, declared: readonly DeclaredTensor[] = []): Shape | undefined {
  return declared.find((tensor) => tensor.name === name)?.inside;
}

function configured(
  { name, datatype, shape }: TensorSpec,
  batches: boolean,
  inside: Shape | undefined,
  label_filename?: string,
): ConfiguredOutput {
  const dimsOf = (whole: Shape) => whole.slice(batches ? 1 : 0);
  return {
    name,
    data_type: datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`,
    dims: dimsOf(shape),
    ...(inside === undefined ? {} : { reshape: { shape: dimsOf(inside) } }),
    ...(label_filename === undefined ? {} : { label_filename }),
  };
}
