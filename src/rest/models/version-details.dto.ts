/** An input or output. */
export class SignatureTensor {
  /** @example image */
  name: string;
  /** @example FP32 */
  datatype: string;
  /**
   * -1 is a dimension of any size.
   * @example [-1, 8, 8]
   */
  shape: number[];
}

/** What a version takes and gives. */
export class VersionSignature {
  inputs: SignatureTensor[];
  outputs: SignatureTensor[];
}

/** The names of the classes in the last dimension of an output. */
export class OutputLabels {
  /** @example probabilities */
  output: string;
  /** @example 2 */
  count: number;
  /**
   * Absent when there are more than 1000.
   * @example ["malignant", "benign"]
   */
  names?: string[];
}

/** How requests share runs, and how many of them may wait. */
export class VersionBatching {
  /** Whether requests may share a run. */
  enabled: boolean;
  /**
   * Why they may not.
   * @example max_batch_rows is 1
   */
  why_not?: string;
  /**
   * Why it could not be tried out when the model was loaded: every run on made-up inputs failed.
   * @example indices element out of data bounds, idx=96 must be within the inclusive range [-10,9]
   */
  trial_failed?: string;
  /**
   * Most rows of one run; 1 when rows cannot share one.
   * @example 64
   */
  max_batch_rows: number;
  /**
   * How long a free runner waits for company, in microseconds.
   * @example 0
   */
  max_queue_delay_us: number;
  /** @example 8192 */
  max_queue_rows: number;
  /** @example 268435456 */
  max_queue_bytes: number;
  /**
   * How many levels the request parameter `priority` has; 0 when it is ignored.
   * @example 0
   */
  priority_levels: number;
}

/** Memory of the runners that is in RAM; pages that processes share count for each. That of a GPU is not in it. */
export class RunnerMemory {
  /** Of all runners. */
  resident_bytes: number;
  /** Of each runner. */
  resident_bytes_per_runner: number[];
}

/** What the ONNX file says of itself. Texts are empty and numbers 0 where it says nothing. */
export class OnnxDetails {
  /** @example 8 */
  ir_version: number;
  /**
   * Version of each operator set, by its domain; `ai.onnx` are the operators of ONNX itself.
   * @example {"ai.onnx": 17}
   */
  opset: Record<string, number>;
  /** @example pytorch */
  producer_name: string;
  /** @example 2.9.0 */
  producer_version: string;
  domain: string;
  /**
   * A 64-bit integer as text.
   * @example 0
   */
  model_version: string;
  doc_string: string;
  /** @example main_graph */
  graph_name: string;
  /** @example {"author": "ACME"} */
  metadata_props: Record<string, string>;
  /**
   * Whether something was left out: of each text what is beyond 4 KiB, of operator sets and properties those beyond 128.
   * `GET /v1/models/{model}/versions/{version}/metadata_props` has all properties.
   */
  truncated: boolean;
}

/** One step of a pipeline. */
export class PipelineStepDetails {
  /** @example digits */
  model: string;
  /**
   * The version that runs it; absent before all steps have had one.
   * @example 1
   */
  version?: string;
}

/** All that is known of one version of a model. What only its file tells is absent until it has loaded. */
export class VersionDetails {
  /** @example 1 */
  version: string;
  /** @example READY */
  state: 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';
  /** Why the version is in this state; empty when there is nothing to say. */
  reason: string;
  /** When it is loaded: `on_demand` is at its first request. It is then READY whether it is in memory or not. */
  load: 'start' | 'on_demand';
  /** Whether its runners are there. */
  in_memory: boolean;
  /** Whether its runners are processes of its own, or it shares processes with other models. */
  isolation: 'own' | 'shared';
  /** Runners. */
  instances: number;
  /** Threads of each runner. */
  threads: number;
  device?: 'cpu' | 'cuda';
  signature?: VersionSignature;
  /** Of the outputs that have labels. */
  labels?: OutputLabels[];
  batching?: VersionBatching;
  /**
   * How long loading took, in milliseconds.
   * @example 120
   */
  load_ms?: number;
  /** @example 2026-01-01T00:00:00.000Z */
  loaded_at?: string;
  /** Absent when there are no runners, and where memory cannot be measured. */
  memory?: RunnerMemory;
  /**
   * Size of the ONNX file, files with external data included.
   * @example 69897
   */
  file_bytes?: number;
  /** The models of a pipeline, as they are written. */
  steps?: PipelineStepDetails[];
  onnx?: OnnxDetails;
}
