import { ApiPropertyOptional } from '@nestjs/swagger';

/** Name and version of the server, and the protocol extensions that it supports. */
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

/** An input tensor. Exactly one of `data`, `parameters.binary_data_size` and `parameters.shared_memory_region` is required. */
export class RequestInput {
  /** Name of the input. */
  name: string;
  /** BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64 or BYTES. */
  datatype: string;
  /** Size of each dimension. */
  shape: number[];
  /** Elements in row-major order, flat or nested. Write NaN and infinities as "NaN", "Infinity" and "-Infinity". A missing number can be null, which is read as NaN. */
  @ApiPropertyOptional({ type: 'array', items: {} })
  data?: unknown[];
  /**
   * `binary_data_size`: number of bytes of this tensor after the JSON. `shared_memory_region`,
   * `shared_memory_byte_size`, `shared_memory_offset`: where the bytes are in a registered region.
   */
  parameters?: Record<string, string | number | boolean>;
}

/** A requested output. */
export class RequestOutput {
  /** Name of the output. */
  name: string;
  /**
   * `binary_data`: whether the tensor is returned as bytes after the JSON. `shared_memory_region`,
   * `shared_memory_byte_size`, `shared_memory_offset`: where to write the bytes instead.
   */
  parameters?: Record<string, string | number | boolean>;
}

/** An inference request of the Open Inference Protocol V2. */
export class InferRequest {
  /** Returned in the response. */
  id?: string;
  /** `binary_data_output`: whether outputs are returned as binary data if `outputs` lists none. `priority`: 1 is the highest, 0 the default of the model. `timeout`: microseconds until the response is no longer needed. Names that begin with `triton_` are reserved. Other names are ignored. */
  parameters?: Record<string, string | number | boolean>;
  /** The inputs of the model. */
  inputs: RequestInput[];
  /** The outputs to compute. All outputs if absent or empty. */
  outputs?: RequestOutput[];
}

/** An output tensor. */
export class ResponseOutput {
  /** Name of the output. */
  name: string;
  /** Datatype of the elements. */
  datatype: string;
  /** Size of each dimension. */
  shape: number[];
  /** Elements in row-major order, always flat. */
  @ApiPropertyOptional({ type: 'array', items: {} })
  data?: unknown[];
  /** `binary_data_size`: number of bytes of this tensor after the JSON. */
  parameters?: Record<string, string | number | boolean>;
}

/** An inference response of the Open Inference Protocol V2. */
export class InferResponse {
  /** The id of the request. Absent if the request has none. */
  id?: string;
  /** Name of the model. */
  model_name: string;
  /** The version that ran the request. */
  model_version: string;
  outputs: ResponseOutput[];
}
