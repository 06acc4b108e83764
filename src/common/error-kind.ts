/** Kind of an error, as clients see it. transport/error-status.ts maps each kind to the status of each protocol. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'conflict'
  | 'unprocessable'
  | 'not_found'
  | 'wrong_method'
  | 'too_large'
  | 'too_slow'
  | 'unsupported_encoding'
  | 'rate_limited'
  | 'overloaded'
  | 'unavailable'
  | 'deadline'
  | 'cancelled'
  | 'unimplemented'
  | 'internal';
