/** An error that another server has sent in the form of the OpenAI API, and that clients receive as it is. */
export interface ApiError {
  /** The status for clients, from 400 to 499. */
  readonly status: number;
  readonly error: Readonly<Record<string, unknown>> & { readonly message: string };
}

/** Longer messages are no explanations. */
const MAX_MESSAGE = 16_384;

/**
 * The error in `body`, the JSON of a response with `status`; undefined if it is none of the OpenAI API. Members that this
 * API requires are added.
 */
export function apiErrorOf(status: number, body: string): ApiError | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: Readonly<Record<string, unknown>> | null };
    if (typeof error !== 'object' || error === null || Array.isArray(error)) return undefined;
    const { message } = error;
    if (typeof message !== 'string' || message === '' || message.length > MAX_MESSAGE) return undefined;
    return { status, error: { type: 'invalid_request_error', param: null, code: null, ...error, message } };
  } catch {
    return undefined;
  }
}
