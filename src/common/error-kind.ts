/** What went wrong, as a caller sees it. Each protocol maps a kind to a status once, in transport/error-status.ts. */
export type ErrorKind =
  | 'invalid'
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
