/** Header, or metadata over gRPC, that keeps the requests of a session on one server, for models that other servers run. */
export const SESSION_HEADER = 'x-session-id';

/** Header, or metadata over gRPC, with the server that ran the model, for callers with the scope admin. */
export const TARGET_HEADER = 'x-nexus-target';

/** Number of characters of a session that count. */
const MAX_SESSION = 256;

/** The session of a request, from the value of {@link SESSION_HEADER}; undefined without one. */
export function sessionFrom(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_SESSION) : undefined;
}
