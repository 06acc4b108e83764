import { NexusError } from './nexus-error';

/** The part of the catalogue about who may send which requests: credentials, limits and Idempotency-Key. */
export const accessErrors = {
  unauthenticated: () =>
    new NexusError(
      'unauthenticated',
      'unauthenticated',
      'valid credentials are required; send an API key as Authorization: Bearer <key> or x-api-key: <key>',
    ),
  credentialsUnverified: () =>
    new NexusError(
      'unavailable',
      'credentials_unverified',
      'cannot verify these credentials at the moment; retry after a second',
      { retryAfterSeconds: 1 },
    ),
  forbidden: () =>
    new NexusError(
      'forbidden',
      'forbidden',
      'these credentials do not allow this operation; use a key with the scope that it requires',
    ),
  certificateRequired: () =>
    new NexusError(
      'forbidden',
      'client_certificate_required',
      'a client certificate that this server trusts is required; connect with one (curl --cert client.pem --key client.key)',
    ),
  idempotencyKeyReused: () =>
    new NexusError(
      'unprocessable',
      'idempotency_key_reused',
      'this Idempotency-Key was used for a different request; send a new key for each request, and the same key and body for a retry',
      { param: 'idempotency-key' },
    ),
  idempotencyKeyInFlight: () =>
    new NexusError(
      'conflict',
      'idempotency_key_in_flight',
      'the first request with this Idempotency-Key is still running; retry after a second',
      { param: 'idempotency-key', retryAfterSeconds: 1 },
    ),
  idempotencyOfRegions: () =>
    new NexusError(
      'invalid',
      'idempotency_of_regions',
      'Idempotency-Key does not apply to tensors in shared memory, whose contents may change between attempts; send the request without the header',
      { param: 'idempotency-key' },
    ),
  quotaExceeded: (reason: string, retryAfterSeconds: number) =>
    new NexusError('rate_limited', 'rate_limited', reason, { retryAfterSeconds }),
  aboveQuota: (reason: string) => new NexusError('too_large', 'above_quota', reason),
  limitsUnavailable: () =>
    new NexusError(
      'unavailable',
      'limits_unavailable',
      'cannot check the limits of this request, because Redis is not available; retry after a second',
      { retryAfterSeconds: 1 },
    ),
} as const;
