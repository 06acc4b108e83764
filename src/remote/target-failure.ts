import type { ApiError } from '../common/api-error';

/** Longest time that a target can ask to wait, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Why an attempt on a target failed:
 * - `connect`: the request was not sent, because there is no connection.
 * - `broken`: the connection broke, or the target sent nothing in time, after the request was sent.
 * - `overloaded`: the target refuses more requests for now (429, or 503 with Retry-After).
 * - `failed`: the target reports an error of its own (5xx).
 * - `garbage`: the response is not valid, too large, or not of this model.
 * - `misconfigured`: the target does not accept the gateway's credentials or does not have the model (401, 403, 404).
 * - `rejected`: the target finds a mistake in the request (other 4xx, and 501 of an engine).
 */
export type FailureKind =
  'connect' | 'broken' | 'overloaded' | 'failed' | 'garbage' | 'misconfigured' | 'rejected';

/** An attempt on a target that failed. Its message contains no address and no secret. */
export class TargetFailure extends Error {
  override readonly name = 'TargetFailure';

  /**
   * @param message what was expected and what came. For `rejected`, the target's own explanation, which clients see.
   * @param details `status` of HTTP, if there was one. `retryAfterMs` if the target asks to wait. `timedOut` if a limit of
   * {@link TargetTimeouts} passed. `answer` is the error that the target has sent about the request, if it is one of the
   * OpenAI API.
   */
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: {
      readonly status?: number;
      readonly retryAfterMs?: number;
      readonly timedOut?: boolean;
      readonly answer?: ApiError;
    } = {},
  ) {
    super(message);
  }
}
