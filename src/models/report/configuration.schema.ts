import { VersionPolicy } from '../../repository/version-policy.schema';

/** The dimensions that the model itself has, where they differ from `dims`. */
export class Reshape {
  /** @example [] */
  shape: number[];
}

/** An input of a model configuration. */
export class ConfiguredInput {
  /** @example image */
  name: string;
  /** @example TYPE_FP32 */
  data_type: string;
  /**
   * Without the batch dimension where `max_batch_size` is above 0; -1 is a dimension of any size.
   * @example [8, 8]
   */
  dims: number[];
  /** Absent where the model has the same dimensions. */
  reshape?: Reshape;
}

/** An output of a model configuration. */
export class ConfiguredOutput {
  /** @example probabilities */
  name: string;
  /** @example TYPE_FP32 */
  data_type: string;
  /** @example [10] */
  dims: number[];
  /** Absent where the model has the same dimensions. */
  reshape?: Reshape;
  /** File of the labels, where a configuration names one. */
  label_filename?: string;
}

/** The runners of a model. */
export class InstanceGroup {
  /** @example digits_0 */
  name: string;
  kind: 'KIND_CPU' | 'KIND_GPU';
  count: number;
  gpus: number[];
}

/** How requests are batched. */
export class DynamicBatching {
  /** @example 0 */
  max_queue_delay_microseconds: number;
  /**
   * How many levels the request parameter `priority` has; 0 when it is ignored.
   * @example 0
   */
  priority_levels: number;
  /**
   * Level of requests that name none.
   * @example 0
   */
  default_priority_level: number;
}

/** One model of an ensemble, and how its tensors are called in the ensemble. */
export class EnsembleStep {
  /** @example digits */
  model_name: string;
  /** -1 is the newest that is ready. */
  model_version: number;
  /**
   * The tensor of the ensemble that each input of the model is.
   * @example {"image": "pixels"}
   */
  input_map: Record<string, string>;
  /**
   * The tensor of the ensemble that an output of the model is.
   * @example {"label": "label"}
   */
  output_map: Record<string, string>;
}

/** The models of an ensemble. */
export class EnsembleScheduling {
  step: EnsembleStep[];
}

/** A value of a model's parameters. */
export class ConfigurationParameter {
  string_value: string;
}

/** Whether answers are cached. */
export class ResponseCache {
  enable: boolean;
}

/** How a model is served, in the words of Triton's model configuration. */
export class ModelConfiguration {
  /** @example digits */
  name: string;
  /**
   * `ensemble` for a pipeline.
   * @example onnxruntime_onnx
   */
  platform: string;
  /** @example onnxruntime */
  backend: string;
  version_policy: VersionPolicy;
  /**
   * Most rows of one run; 0 when requests are not batched.
   * @example 64
   */
  max_batch_size: number;
  input: ConfiguredInput[];
  output: ConfiguredOutput[];
  instance_group: InstanceGroup[];
  /** @example model.onnx */
  default_model_filename: string;
  response_cache: ResponseCache;
  /** Absent where requests do not share a run. */
  dynamic_batching?: DynamicBatching;
  /** Of a pipeline. */
  ensemble_scheduling?: EnsembleScheduling;
  parameters: Record<string, ConfigurationParameter>;
}
