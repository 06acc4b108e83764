import type { Activation, Pooling } from '../../tasks/head';
import type { ChannelOrder, PictureLayout, Resampling } from '../../tasks/picture-recipe';
import type { TaskName, TruncationSide } from '../../tasks/task-definition';

/** An input or output of a model. */
export class SignatureTensor {
  /** @example image */
  name: string;
  /** @example FP32 */
  datatype: string;
  /**
   * Size of each dimension; -1 means any size.
   * @example [-1, 8, 8]
   */
  shape: number[];
}

/** The inputs and outputs of a version. */
export class VersionSignature {
  inputs: SignatureTensor[];
  /** Tensors that requests can contain in place of the inputs. Only for models of text or pictures. */
  tensor_inputs?: SignatureTensor[];
  outputs: SignatureTensor[];
  /** Outputs that are returned only if a request names them. Only for models of text or pictures. */
  extra_outputs?: SignatureTensor[];
}

/** The names of the classes in the last dimension of an output. */
export class OutputLabels {
  /** @example probabilities */
  output: string;
  /**
   * Number of labels.
   * @example 2
   */
  count: number;
  /**
   * Absent if there are more than 1000.
   * @example ["malignant", "benign"]
   */
  names?: string[];
}

/** The names of the classes of a task. */
export class ClassLabels {
  /**
   * Number of labels.
   * @example 2
   */
  count: number;
  /**
   * Absent if there are more than 1000.
   * @example ["negative", "positive"]
   */
  names?: string[];
}

/** A size in pixels: both edges, or only the shortest one, in which case pictures keep their proportions. */
export class PictureEdges {
  /** @example 224 */
  height?: number;
  /** @example 224 */
  width?: number;
  /** @example 256 */
  shortest_edge?: number;
}

/** How pictures become the input of the model. The steps run in the order of the fields. */
export class PicturePreparation {
  /** Size that pictures are resized to. Absent if they keep their size. */
  size?: PictureEdges;
  /** Method of resampling. */
  resample: Resampling;
  /** Size that is cut from the centre. Absent if pictures are not cropped. */
  crop?: PictureEdges;
  /**
   * Factor of every 8-bit value.
   * @example 0.00392156862745098
   */
  rescale: number;
  /**
   * Subtracted from each channel after rescaling.
   * @example [0.485, 0.456, 0.406]
   */
  mean: number[];
  /**
   * Divides each channel afterwards.
   * @example [0.229, 0.224, 0.225]
   */
  std: number[];
  /** Order of the channels. */
  channels: ChannelOrder;
  /** Whether the channels are the first or the last dimension. */
  layout: PictureLayout;
}

/** What a version computes from text or pictures, as read from its Hugging Face folder and model.yaml. */
export class VersionTask {
  name: TaskName;
  /**
   * Maximum number of tokens of a text, special tokens included. Like all fields of text, it is absent for models of pictures.
   * @example 256
   */
  max_tokens?: number;
  /** The side that loses tokens if a text is too long. */
  truncation_side?: TruncationSide;
  /**
   * Texts that can be put before a text, by name.
   * @example {"query": "query: ", "passage": "passage: "}
   */
  prompts?: Record<string, string>;
  /** Name of the prompt for requests that name none. Absent if there is none. */
  default_prompt?: string;
  /** Whether requests may contain token ids in place of text. */
  token_ids?: boolean;
  /**
   * How the vectors of the tokens become one. Several are concatenated. Empty if the model pools, or returns a vector for
   * each token. Absent for models that do not return embeddings.
   */
  pooling?: Pooling[];
  /** Whether embeddings are scaled to length 1. Absent for models that do not return embeddings. */
  normalize?: boolean;
  /**
   * Sizes that embeddings may be cut to. Absent if only the full size is possible.
   * @example [128, 256]
   */
  dimensions?: number[];
  /** What turns logits into scores. Absent for models that are not classifiers. */
  activation?: Activation;
  /** The classes. Absent if the folder does not name them. */
  labels?: ClassLabels;
  /** Absent for models of text. */
  picture?: PicturePreparation;
}

/** How requests are batched, and how many can be queued. */
export class VersionBatching {
  /** Whether requests can be batched. */
  enabled: boolean;
  /**
   * Why requests cannot be batched. Absent if they can.
   * @example max_batch_rows is 1
   */
  why_not?: string;
  /**
   * Why Nexus could not test batching when it loaded the model: every run on generated inputs failed.
   * @example indices element out of data bounds, idx=96 must be within the inclusive range [-10,9]
   */
  trial_failed?: string;
  /**
   * Maximum number of rows in one run, 1 if rows cannot be batched.
   * @example 64
   */
  max_batch_rows: number;
  /**
   * Maximum number of tokens in one run, padding included. Only for models of text.
   * @example 1024
   */
  max_batch_tokens?: number;
  /**
   * How long an idle runner waits for more requests before it runs a batch, in microseconds.
   * @example 0
   */
  max_queue_delay_us: number;
  /**
   * Maximum number of queued rows.
   * @example 8192
   */
  max_queue_rows: number;
  /**
   * Maximum number of queued bytes.
   * @example 268435456
   */
  max_queue_bytes: number;
  /**
   * Number of levels of the request parameter `priority`, 0 if it is ignored.
   * @example 0
   */
  priority_levels: number;
}

/** Resident memory of the runners. Pages that processes share count for each of them. GPU memory is not included. */
export class RunnerMemory {
  /** Total of all runners, in bytes. */
  resident_bytes: number;
  /** Memory of each runner, in bytes. */
  resident_bytes_per_runner: number[];
}

/** Metadata of the ONNX file. Missing texts are empty, and missing numbers are 0. */
export class OnnxDetails {
  /** @example 8 */
  ir_version: number;
  /**
   * Version of each operator set by domain. `ai.onnx` is the domain of the standard ONNX operators.
   * @example {"ai.onnx": 17}
   */
  opset: Record<string, number>;
  /** @example pytorch */
  producer_name: string;
  /** @example 2.9.0 */
  producer_version: string;
  domain: string;
  /**
   * 64-bit integer as a string.
   * @example 0
   */
  model_version: string;
  doc_string: string;
  /** @example main_graph */
  graph_name: string;
  /** @example {"author": "ACME"} */
  metadata_props: Record<string, string>;
  /**
   * Whether anything was left out. Texts are cut at 4 KiB, and at most 128 operator sets and 128 properties are listed.
   * `GET /v1/models/{model}/versions/{version}/metadata_props` returns all properties.
   */
  truncated: boolean;
}

/** One step of a pipeline. */
export class PipelineStepDetails {
  /** @example digits */
  model: string;
  /**
   * The version that runs the step. Absent until every step has had a version.
   * @example 1
   */
  version?: string;
}

/** A server that runs a version for the gateway. */
export class TargetDetails {
  /**
   * Its host and port.
   * @example gpu-1:8000
   */
  target: string;
  protocol: 'v2' | 'v2-grpc' | 'openai';
  /** Name of the model at the server. */
  model: string;
  /** `ejected` and `unreachable` targets receive no requests. An `unknown` one has not been checked yet. */
  state: 'unknown' | 'healthy' | 'ejected' | 'unreachable';
  /** Why it receives no requests; empty if it does. */
  reason: string;
  /** Number of requests in flight. */
  in_flight: number;
  weight: number;
  region?: string;
}

/** Everything that Nexus knows about one version. Fields that come from the model file are absent until it has been loaded. */
export class VersionDetails {
  /** @example 1 */
  version: string;
  /** @example READY */
  state: 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';
  /** Why the version is in this state. May be empty. */
  reason: string;
  /** When the version is loaded: `on_demand` means at its first request. It is then READY whether or not it is in memory. */
  load: 'start' | 'on_demand';
  /** Whether the version has runners at the moment. */
  in_memory: boolean;
  /** `own` if the version has its own runner processes, `shared` if it shares processes with other models. */
  isolation: 'own' | 'shared';
  /** Number of runners. */
  instances: number;
  /** Number of threads of each runner. */
  threads: number;
  device?: 'cpu' | 'cuda';
  signature?: VersionSignature;
  /** Absent for models that take only tensors. */
  task?: VersionTask;
  /** Labels of the outputs that have labels. */
  labels?: OutputLabels[];
  batching?: VersionBatching;
  /**
   * How long loading took, in milliseconds.
   * @example 120
   */
  load_ms?: number;
  /**
   * When the version was loaded. Absent until then.
   * @example 2026-01-01T00:00:00.000Z
   */
  loaded_at?: string;
  /** Absent if there are no runners or if memory cannot be measured. */
  memory?: RunnerMemory;
  /**
   * Size of the ONNX file in bytes, including external data files.
   * @example 69897
   */
  file_bytes?: number;
  /** The steps of a pipeline, in the order of its configuration. */
  steps?: PipelineStepDetails[];
  onnx?: OnnxDetails;
  /** The servers that run the version, for clients with the scope admin. Absent if there are none. */
  targets?: TargetDetails[];
}
