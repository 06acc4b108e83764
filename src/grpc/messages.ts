import type { ParameterValue } from '../inference/request/parameters';

/** Parameters of a request or of one of its tensors, by name. */
export type InferParameters = ReadonlyMap<string, ParameterValue>;

/** An input of a request. */
export interface InferInputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters: InferParameters;
  /** The bytes of InferTensorContents, which a client may send in several parts; empty if absent. */
  readonly contents: readonly Buffer[];
}

/** A requested output. */
export interface InferRequestedOutputTensor {
  readonly name: string;
  readonly parameters: InferParameters;
}

/** An inference request. Fields that the client omitted are empty. */
export interface ModelInferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: InferParameters;
  readonly inputs: readonly InferInputTensor[];
  readonly outputs: readonly InferRequestedOutputTensor[];
  readonly raw_input_contents: readonly Buffer[];
}

/** The response to a {@link ModelInferRequest}. */
export interface ModelInferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters?: Readonly<Record<string, { readonly bool_param: boolean }>>;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly parameters?: Readonly<Record<string, object>>;
  }[];
  readonly raw_output_contents: readonly Uint8Array[];
}

/** A response in a stream. `error_message` is set if the request failed. */
export interface ModelStreamInferResponse {
  readonly error_message?: string;
  readonly infer_response: Partial<ModelInferResponse>;
}
