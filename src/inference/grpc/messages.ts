/*
 * The messages of inference.proto as proto-loader hands them over: what a client left out is absent, and 64-bit
 * integers are pairs of words, so that they stay exact.
 */

/** A 64-bit integer as two 32-bit words. */
export interface Int64 {
  readonly low: number;
  readonly high: number;
}

/** A parameter; `parameter_choice` names the one field that is set. */
export interface InferParameter {
  readonly parameter_choice?: 'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param';
  readonly bool_param?: boolean;
  readonly int64_param?: Int64;
  readonly string_param?: string;
  readonly double_param?: number;
  readonly uint64_param?: Int64;
}

/** Parameters by name. */
export type InferParameters = Readonly<Record<string, InferParameter>>;

/** The elements of a tensor, in the one field of its datatype. */
export interface InferTensorContents {
  readonly bool_contents?: readonly boolean[];
  readonly int_contents?: readonly number[];
  readonly int64_contents?: readonly Int64[];
  readonly uint_contents?: readonly number[];
  readonly uint64_contents?: readonly Int64[];
  readonly fp32_contents?: readonly number[];
  readonly fp64_contents?: readonly number[];
  readonly bytes_contents?: readonly Buffer[];
}

/** An input of a request. */
export interface InferInputTensor {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: readonly Int64[];
  readonly parameters?: InferParameters;
  readonly contents?: InferTensorContents;
}

/** An inference request. */
export interface ModelInferRequest {
  readonly model_name?: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: InferParameters;
  readonly inputs?: readonly InferInputTensor[];
  readonly outputs?: readonly { readonly name?: string; readonly parameters?: InferParameters }[];
  readonly raw_input_contents?: readonly Buffer[];
}

/** The answer to a {@link ModelInferRequest}. */
export interface ModelInferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
  }[];
  readonly raw_output_contents: readonly Uint8Array[];
}

/** An answer in a stream: one of the two says something. */
export interface ModelStreamInferResponse {
  readonly error_message?: string;
  readonly infer_response: Partial<ModelInferResponse>;
}

/** The number that `int` stands for; beyond 2^53 the nearest one. */
export function numberOf({ low, high }: Int64): number {
  return high * 2 ** 32 + (low >>> 0);
}
