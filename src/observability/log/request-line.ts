import { failureFields, truncated, type Failure } from './failure';
import type { RequestOutcome } from '../metrics/model-metrics';
import type { CacheUse } from '../../common/run-times';

/** The additional log fields of an inference request; times in milliseconds. */
export interface InferenceSummary {
  readonly model: string;
  readonly version: string;
  readonly outcome: RequestOutcome;
  readonly rows: number;
  readonly queueMs: number;
  readonly runMs: number;
  /** Absent if responses are not cached. */
  readonly cache?: CacheUse['outcome'] | undefined;
  /** The server that ran the model, if another server did. */
  readonly target?: string | undefined;
  /** Tokens of the prompt and of the response, if it was forwarded to an engine. */
  readonly tokensIn?: number | undefined;
  readonly tokensOut?: number | undefined;
}

/** The request that a log line describes. */
interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number | string;
  readonly ms: number;
  /** Absent before it is known. Only one that has authenticated is written. */
  readonly caller?: { readonly id: string; readonly key: string | undefined } | undefined;
  readonly inference: InferenceSummary | undefined;
  /** Absent when it succeeded. */
  readonly failure?: Failure | undefined;
}

/** The fields of the log line of a request, for every protocol. */
export function logFields({
  requestId,
  method,
  route,
  status,
  ms,
  caller,
  inference,
  failure,
}: AnsweredRequest) {
  const fields = {
    requestId,
    method,
    route,
    status,
    ms: rounded(ms),
    caller: caller?.key === undefined ? undefined : caller.id,
    model: inference?.model,
    version: inference?.version,
    outcome: inference?.outcome,
    rows: inference?.rows,
    queueMs: inference && rounded(inference.queueMs),
    runMs: inference && rounded(inference.runMs),
    cache: inference?.cache,
    target: inference?.target,
    tokensIn: inference?.tokensIn,
    tokensOut: inference?.tokensOut,
  };
  return failure === undefined ? fields : { ...fields, ...failureFields(failure) };
}

/** An operation that changes the server, or an attempt at one. */
interface AuditedRequest {
  readonly requestId: string;
  /** Who: the client, and its address. */
  readonly caller: string;
  readonly address: string;
  /** What: method and path for HTTP, the method for gRPC. */
  readonly operation: string;
  /** The model that it names, if any. */
  readonly model: string | undefined;
  readonly status: number | string;
  /** undefined if it succeeded. */
  readonly error: Failure['error'] | undefined;
}

/** The fields of an audit line: who did what, from where, and how it ended. */
export function auditFields({ operation, model, error, ...request }: AuditedRequest) {
  return {
    ...request,
    operation: truncated(operation),
    model: model && truncated(model),
    outcome: error === undefined ? 'success' : error.code,
  };
}

/** Rounds to whole microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
