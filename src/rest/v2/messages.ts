import type { InferenceResult, OutputRequest } from '../../inference/request/inference-request';
import type { DecodedRequest } from '../codec/messages';

/** An inference request of the Open Inference Protocol V2; its inputs are in the order of the message. */
export interface V2Request extends DecodedRequest {
  readonly id?: string | undefined;
  /** The outputs asked for, names unique; empty means all, each in the form that `binaryOutput` says. */
  readonly outputs: readonly RequestedOutput[];
  /** The request's `binary_data_output`; it says nothing about an output listed in `outputs`. */
  readonly binaryOutput: boolean;
}

/** An output listed in a request. Listed without `binary_data` it is JSON, whatever `binary_data_output` says: Triton's rule. */
export interface RequestedOutput extends OutputRequest {
  readonly binary: boolean;
}

/** What an inference response carries. */
export interface V2Response extends InferenceResult {
  readonly id?: string | undefined;
}

/** The response to a {@link V2Request}, with what that says of binary data. */
export interface V2Answer extends V2Response {
  readonly requested: readonly RequestedOutput[];
  readonly binaryOutput: boolean;
}
