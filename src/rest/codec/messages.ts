import type { OutputRequest } from '../../inference/request/inference-request';
import type { PlacedTensor } from '../../inference/shared-memory/memory-slice';
import type { SchedulePolicy } from '../../inference/request/request-parameters';

/** An inference request of the Open Inference Protocol V2, decoded and complete in itself; the model has not been asked. */
export interface V2Request extends SchedulePolicy {
  readonly id?: string | undefined;
  /** In the order of the request, names unique, bytes in agreement with datatype and shape. May be views of the body. */
  readonly inputs: readonly PlacedTensor[];
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
export interface V2Response {
  readonly id?: string | undefined;
  readonly modelName: string;
  readonly modelVersion: string;
  readonly outputs: readonly PlacedTensor[];
}

/** A response body ready to send: JSON, and the bytes of the binary tensors that follow it. */
export interface EncodedResponse {
  /** Text, or that text in UTF-8. */
  readonly json: string | Uint8Array;
  readonly binary: readonly Uint8Array[];
}
