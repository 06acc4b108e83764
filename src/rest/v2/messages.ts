import type { InferenceResult, OutputRequest } from '../../inference/request/inference-request';
import type { DecodedRequest } from '../codec/messages';

/** An inference request of the Open Inference Protocol V2, with inputs in the order of the message. */
export interface V2Request extends DecodedRequest {
  readonly id?: string | undefined;
  /** The requested outputs with unique names. If empty, all outputs are returned in the form that `binaryOutput` sets. */
  readonly outputs: readonly RequestedOutput[];
  /** The `binary_data_output` of the request. It does not apply to outputs listed in `outputs`. */
  readonly binaryOutput: boolean;
}

/** An output listed in a request. As in Triton, it is JSON unless it sets `binary_data`, regardless of `binary_data_output`. */
export interface RequestedOutput extends OutputRequest {
  readonly binary: boolean;
}

/** The content of an inference response. */
export interface V2Response extends InferenceResult {
  readonly id?: string | undefined;
}

/** The response to a {@link V2Request}, with the options of the request for binary data. */
export interface V2Answer extends V2Response {
  readonly requested: readonly RequestedOutput[];
  readonly binaryOutput: boolean;
}
