import { VersionPolicy } from '../../repository/version-policy.schema';

/** The dimensions of the model itself, if they differ from `dims`. */
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
   * Size of each dimension, without the batch dimension if `max_batch_size` is above 0; -1 means any size.
   * @example [8, 8]
   */
  dims: number[];
  /** Absent if the model has the same dimensions. */
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
  /** Absent if the model has the same dimensions. */
  reshape?: Reshape;
  /** File with the labels, if the configuration names one. */
  label_filename?: string;
}

/** The runners of a model. */
export class InstanceGroup {
  /** @example digits_0 */
  name: string;
  kind: 'KIND_CPU' | 'KIND_GPU';
  /** Number of runners. */
  count: number;
  gpus: number[];
}

/** How requests are batched. */
export class DynamicBatching {
  /** @example 0 */
  max_queue_delay_microseconds: number;
  /**
   * Number of levels of the request parameter `priority`, 0 if it is ignored.
   * @example 0
   */
  priority_levels: number;
  /**
   * Level of requests without a priority.
   * @example 0
   */
  default_priority_level: number;
}

/** One model of an ensemble, and the ensemble tensors that it uses. */
export class EnsembleStep {
  /** @example digits */
  model_name: string;
  /** -1 means the newest ready version. */
  model_version: number;
  /**
   * The ensemble tensor for each input of the model.
   * @example {"image": "pixels"}
   */
  input_map: Record<string, string>;
  /**
   * The ensemble tensor for each output of the model that the ensemble uses.
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

/** Whether responses are cached. */
export class ResponseCache {
  enable: boolean;
}

/** How a model is served, in the format of Triton's model configuration. */
export class ModelConfiguration {
  /** @example digits */
  name: string;
  /**
   * `ensemble` if the model is a pipeline.
   * @example onnxruntime_onnx
   */
  platform: string;
  /** @example onnxruntime */
  backend: string;
  version_policy: VersionPolicy;
  /**
   * Maximum number of rows in one run, 0 if requests are not batched.
   * @example 64
   */
  max_batch_size: number;
  input: ConfiguredInput[];
  output: ConfiguredOutput[];
  instance_group: InstanceGroup[];
  /** @example model.onnx */
  default_model_filename: string;
  response_cache: ResponseCache;
  /** Absent if requests are not merged into batches. */
  dynamic_batching?: DynamicBatching;
  /** The steps of a pipeline. Absent for other models. */
  ensemble_scheduling?: EnsembleScheduling;
  parameters: Record<string, ConfigurationParameter>;
}
