import { ApiPropertyOptional } from '@nestjs/swagger';

/** Who answers, and which extensions of the protocol it speaks. */
export class ServerMetadata {
  /** @example nexus */
  name: string;
  /** @example 0.1.0 */
  version: string;
  /** @example ["binary_tensor_data"] */
  extensions: string[];
}

/** Names of all models of the repository. */
export class ModelList {
  /** @example ["digits"] */
  models: string[];
}

/** The model is ready. */
export class ModelReady {
  /** @example digits */
  name: string;
  ready: true;
}

/** An input tensor. Exactly one of `data`, `parameters.binary_data_size` and `parameters.shared_memory_region` is given. */
export class RequestInput {
  name: string;
  /** BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64 or BYTES. */
  datatype: string;
  shape: number[];
  /** Elements in row-major order, flat or nested. NaN and infinities as "NaN", "Infinity" and "-Infinity"; null is NaN, for a missing number. */
  @ApiPropertyOptional({ type: 'array', items: {} })
  data?: unknown[];
  /**
   * `binary_data_size`: bytes of this tensor behind the JSON. `shared_memory_region`, `shared_memory_byte_size`,
   * `shared_memory_offset`: where the bytes lie in a registered region.
   */
  parameters?: Record<string, string | number | boolean>;
}

/** An output that is asked for. */
export class RequestOutput {
  name: string;
  /**
   * `binary_data`: whether the tensor comes as bytes behind the JSON. `shared_memory_region`, `shared_memory_byte_size`,
   * `shared_memory_offset`: where to write the bytes instead.
   */
  parameters?: Record<string, string | number | boolean>;
}

/** An inference request of the Open Inference Protocol V2. */
export class InferRequest {
  /** Comes back in the answer. */
  id?: string;
  /** `binary_data_output`: form of the outputs when none is listed. `priority`: 1 is the highest, 0 the default of the model. `timeout`: microseconds until the answer is of no use. Names that begin with `triton_` are reserved; others are ignored. */
  parameters?: Record<string, string | number | boolean>;
  inputs: RequestInput[];
  /** All outputs when absent or empty. Only the outputs listed are computed. */
  outputs?: RequestOutput[];
}

/** An output tensor. */
export class ResponseOutput {
  name: string;
  datatype: string;
  shape: number[];
  /** Elements in row-major order, always flat. */
  @ApiPropertyOptional({ type: 'array', items: {} })
  data?: unknown[];
  /** `binary_data_size`: bytes of this tensor behind the JSON. */
  parameters?: Record<string, string | number | boolean>;
}

/** An inference response of the Open Inference Protocol V2. */
export class InferResponse {
  id?: string;
  model_name: string;
  model_version: string;
  outputs: ResponseOutput[];
}
