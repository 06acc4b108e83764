import type { ApiError } from './api-error';
import type { ErrorKind } from './error-kind';

/** An error that Nexus reports to clients. Its message contains what was expected, what it got and how to fix it. */
export class NexusError extends Error {
  override readonly name = 'NexusError';

  /**
   * @param kind determines the status.
   * @param code stable snake_case code for programs.
   * @param message for people; clients see it unchanged.
   * @param details `param` is the invalid part of the request. `retryAfterSeconds` and `allow` become the headers
   * Retry-After and Allow. `answer` is sent in place of the error, where the form of errors is that of the OpenAI API.
   */
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly details: {
      readonly param?: string;
      readonly retryAfterSeconds?: number;
      readonly allow?: string;
      readonly answer?: ApiError;
    } = {},
  ) {
    super(message);
  }
}
