import { failureFields, type Failure } from './failure';
import type { RequestOutcome } from '../metrics/model-metrics';
import type { CacheUse } from '../../common/run-times';

/** What the line of an inference request tells beside the usual; times in milliseconds. */
export interface InferenceSummary {
  readonly model: string;
  readonly version: string;
  readonly outcome: RequestOutcome;
  readonly rows: number;
  readonly queueMs: number;
  readonly runMs: number;
  /** Whether the cache had the answer; absent for a model without a cache. */
  readonly cache?: CacheUse['outcome'] | undefined;
}

/** What the line of any request tells. */
interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  readonly status: number | string;
  readonly ms: number;
  readonly inference: InferenceSummary | undefined;
  /** Absent when it succeeded. */
  readonly failure?: Failure | undefined;
}

/** The fields of the one line of a request, of any protocol. */
export function logFields({ requestId, method, route, status, ms, inference, failure }: AnsweredRequest) {
  const usual = {
    requestId,
    method,
    route,
    status,
    ms: rounded(ms),
    model: inference?.model,
    version: inference?.version,
    outcome: inference?.outcome,
    rows: inference?.rows,
    queueMs: inference && rounded(inference.queueMs),
    runMs: inference && rounded(inference.runMs),
    cache: inference?.cache,
  };
  return failure === undefined ? usual : { ...usual, ...failureFields(failure) };
}

/** Whole microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
