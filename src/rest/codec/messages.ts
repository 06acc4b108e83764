import type { OutputRequest } from '../../inference/request/inference-request';
import type { PlacedTensor } from '../../inference/shared-memory/memory-slice';
import type { RequestOptions } from '../../inference/request/request-parameters';

/** A decoded inference request of any dialect. It is not yet validated against the model. */
export interface DecodedRequest extends RequestOptions {
  /** Inputs with unique names, whose bytes match datatype and shape. May be views of the body. */
  readonly inputs: readonly PlacedTensor[];
  /** The requested outputs with unique names; empty means all. */
  readonly outputs: readonly OutputRequest[];
}

/** An encoded response body: JSON, followed by the bytes of the binary tensors. */
export interface EncodedResponse {
  /** A string, or UTF-8. */
  readonly json: string | Uint8Array;
  readonly binary: readonly Uint8Array[];
}
