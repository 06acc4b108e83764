/** What is known of a failure beside its message. */
export interface ErrorFacts {
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** A request that was refused, or that got no answer. The message tells what was expected, what came and how to fix it. */
export class NexusError extends Error {
  override readonly name = 'NexusError';
  /** Status of HTTP; undefined when there was no answer. */
  readonly status: number | undefined;
  /**
   * A stable word for programs: that of the gateway, where it has one (`/v2` has none), or of the client
   * `connection_failed`, `timeout` and `bad_answer`.
   */
  readonly code: string | undefined;
  /** The part of the request that is wrong, such as `inputs.image[0]`. */
  readonly param: string | undefined;
  /** Names the request in the log of the gateway. */
  readonly requestId: string | undefined;
  /** Seconds after which the server asks to try again. */
  readonly retryAfter: number | undefined;

  constructor(message: string, { status, code, param, requestId, retryAfter, cause }: ErrorFacts = {}) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.param = param;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }
}

/** The error that an answer with `body` tells of: as text on `/v2`, as an object elsewhere, or as whatever a proxy says. */
export function refusal(body: string, facts: ErrorFacts): NexusError {
  const error = errorIn(body);
  if (typeof error === 'string') return new NexusError(error, facts);
  const { message = `status ${facts.status}: ${body.slice(0, 200)}`, code, param } = error;
  return new NexusError(message, { ...facts, code, param: param ?? undefined });
}

interface ErrorObject {
  readonly message?: string;
  readonly code?: string;
  readonly param?: string | null;
}

function errorIn(body: string): string | ErrorObject {
  try {
    const { error } = JSON.parse(body) as { error?: string | ErrorObject };
    return error ?? {};
  } catch {
    return {};
  }
}
