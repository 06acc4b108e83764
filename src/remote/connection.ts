import type { Tensor, TensorSpec } from '../tensor/tensor';
import type { Attempt } from './attempt';
import type { ForwardedAnswer, ForwardedRequest } from './forwarded';

/**
 * The requests to one target. Connections are opened as they are needed, and reused. Every rejection is a TargetFailure, or
 * the error of {@link Attempt.hold}.
 */
export interface Connection {
  /** Resolves if the target is ready to serve its model. */
  check(attempt: Attempt): Promise<void>;
  /** Closes all connections. Requests in flight fail. */
  close(): Promise<void>;
}

/** Inputs and outputs of a model, as its target describes them. */
export interface RemoteModel {
  readonly platform: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** A validated request to a model of tensors. */
export interface TensorRequest {
  readonly inputs: readonly Tensor[];
  /** The outputs to return, in this order; at least one. */
  readonly outputs: readonly string[];
  /** 1 is the highest, 0 the default of the target. */
  readonly priority: number;
}

/** A target that runs a model of tensors. */
export interface TensorConnection extends Connection {
  /** Reads the metadata of the model. */
  describe(attempt: Attempt): Promise<RemoteModel>;
  /** Runs the model. The result has the requested outputs in their order, and each has the bytes of its shape and datatype. */
  infer(request: TensorRequest, attempt: Attempt): Promise<readonly Tensor[]>;
}

/** A target that speaks the OpenAI API. */
export interface ApiConnection extends Connection {
  /** Sends the request. Resolves when the head of the response has arrived. */
  forward(request: ForwardedRequest, attempt: Attempt): Promise<ForwardedAnswer>;
}
