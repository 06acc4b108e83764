import type { OutputRequest } from '../../inference/request/inference-request';
import type { PlacedTensor } from '../../inference/shared-memory/memory-slice';
import type { SchedulePolicy } from '../../inference/request/request-parameters';

/** An inference request of any dialect, decoded and complete in itself; the model has not been asked. */
export interface DecodedRequest extends SchedulePolicy {
  /** Names unique, bytes in agreement with datatype and shape. May be views of the body. */
  readonly inputs: readonly PlacedTensor[];
  /** The outputs asked for, names unique; empty means all. */
  readonly outputs: readonly OutputRequest[];
}

/** A response body ready to send: JSON, and the bytes of the binary tensors that follow it. */
export interface EncodedResponse {
  /** Text, or that text in UTF-8. */
  readonly json: string | Uint8Array;
  readonly binary: readonly Uint8Array[];
}
