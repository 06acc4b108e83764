import type { NexusError } from '../../common/nexus-error';
import { targetErrors } from '../../common/target-errors';
import type { TargetFailure } from '../target-failure';
import type { AttemptOutcome } from './fleet-request';

/** Returns the error of a request whose last attempt failed. */
export function clientError(model: string, { kind, message, details }: TargetFailure): NexusError {
  if (kind === 'rejected') return targetErrors.targetRejected(message, details.answer);
  if (kind === 'overloaded') {
    const seconds = Math.max(1, Math.ceil((details.retryAfterMs ?? 0) / 1000));
    return targetErrors.targetsOverloaded(model, seconds);
  }
  return details.timedOut
    ? targetErrors.targetTimeout(model, message)
    : targetErrors.targetFailed(model, message);
}

/** Returns how an attempt that failed is counted. */
export function attemptOutcome({ kind, details }: TargetFailure): AttemptOutcome {
  return details.timedOut ? 'timeout' : kind;
}
