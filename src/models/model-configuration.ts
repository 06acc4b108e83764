import { basename } from 'node:path';
import type { TensorSpec } from '../runtime/tensor';
import type { ModelVersion } from './model-version';
import type { ConfiguredInput, ModelConfiguration } from './rest/configuration.dto';

/**
 * How `version` is served, in the words of Triton's model configuration (model_config.proto); the same for REST and
 * gRPC. What Nexus decides by itself, such as threads, is told as it was decided.
 *
 * @throws NexusError model_not_ready before the version has loaded.
 */
export function configurationOf(version: ModelVersion): ModelConfiguration {
  const { name, signature, maxBatchRows, device, options } = version;
  const { placement, path, settings } = options;
  const batching = {
    max_queue_delay_microseconds: settings.max_queue_delay_us ?? 0,
    priority_levels: settings.priority_levels ?? 0,
    default_priority_level: settings.default_priority_level ?? settings.priority_levels ?? 0,
  };
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: { all: {} },
    max_batch_size: signature.batches ? maxBatchRows : 0,
    input: signature.inputs.map((spec) => configured(spec, signature.batches)),
    output: signature.outputs.map((spec) => configured(spec, signature.batches)),
    instance_group: [
      {
        name: `${name}_0`,
        kind: device === 'cuda' ? 'KIND_GPU' : 'KIND_CPU',
        count: placement.instances,
        gpus: device === 'cuda' ? [Number(options.device.split(':')[1] ?? 0)] : [],
      },
    ],
    default_model_filename: basename(path),
    ...(signature.batches ? { dynamic_batching: batching } : {}),
    parameters: { intra_op_thread_count: { string_value: String(placement.threads) } },
  };
}

function configured({ name, datatype, shape }: TensorSpec, batches: boolean): ConfiguredInput {
  const data_type = datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
  const dims = shape.slice(batches ? 1 : 0);
  // Triton has no empty dims: one value a row is a dimension of one that the model does not see.
  return dims.length > 0 ? { name, data_type, dims } : { name, data_type, dims: [1], reshape: { shape: [] } };
}
