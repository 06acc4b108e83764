import type { ErrorKind } from '../common/error-kind';
import type { Passed } from '../limits/verdict';

/** Kinds of failures that are not the fault of the client. A refusal for another limit is one: it must not cost anything. */
const OURS: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'internal',
  'unavailable',
  'bad_gateway',
  'overloaded',
  'deadline',
  'rate_limited',
]);

/** The error of a request, as far as it decides who pays for it. */
interface Ended {
  readonly kind: ErrorKind;
  readonly code: string;
}

/** Ends what a request has taken: gives it back if the request failed on this side, and ends its time in flight. */
export function settle(passed: Passed | undefined, error: Ended | undefined): void {
  if (passed === undefined) return;
  if (error !== undefined && (OURS.has(error.kind) || error.code === 'above_quota')) passed.refund();
  passed.release();
}
