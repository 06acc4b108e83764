/** Header with the time that the client allows, in milliseconds. */
export const TIMEOUT_HEADER = 'x-request-timeout';

/** Header with the key that retries of a request share (draft-ietf-httpapi-idempotency-key-header). */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** Header that names the model, for clients whose protocol does not. */
export const MODEL_HEADER = 'x-model';

/** The request headers of all inference operations, as OpenAPI documents them. */
export const INFERENCE_HEADERS = [
  {
    name: TIMEOUT_HEADER,
    required: false,
    description:
      'Milliseconds until the response is no longer needed. The server rejects the request at once if it cannot meet this deadline, and drops it if its run has not started by then.',
    schema: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' },
  },
  {
    name: IDEMPOTENCY_HEADER,
    required: false,
    description:
      'A text that only retries of this request share, such as a UUID. A retry with the same body gets the stored response of the first attempt, marked with the header idempotency-replayed.',
    schema: { type: 'string', pattern: '^[!#-\\[\\]-~]{1,255}$' },
  },
] as const;
