import { errors } from '../common/errors';
import type { NexusError } from '../common/nexus-error';
import type { Counter } from './counter';
import { secondsOf } from './headers';
import type { Refused } from './verdict';

/** What a request must have less of, to be below its limit. */
const FEWER: Readonly<Record<Counter['unit'], string>> = {
  requests: 'fewer rows',
  in_flight: 'fewer rows',
  rows: 'fewer rows',
  input_bytes: 'fewer rows',
  tokens: 'fewer or shorter texts, or a lower maximum of tokens,',
};

/**
 * The error for a client whose request was refused: `above_quota` if it can never pass, otherwise `rate_limited` with the
 * time to retry.
 */
export function limitError({ by, retryAfterMs }: Refused): NexusError {
  const { kind, unit, limit, windowMs } = by;
  const units = unit.replaceAll('_', ' ');
  const quota = `the limit of ${limit} ${limit === 1 ? units.replace(/s$/, '') : units} in ${windowMs / 1000} s for this ${kind}`;
  if (retryAfterMs === undefined)
    return errors.aboveQuota(`the request alone exceeds ${quota}; send ${FEWER[unit]} per request`);
  const seconds = Math.max(1, secondsOf(retryAfterMs));
  return errors.quotaExceeded(
    unit === 'in_flight'
      ? `the limit of ${limit} ${limit === 1 ? 'request' : 'requests'} in flight for this ${kind} is reached; retry when one of them has ended`
      : `${quota} is used up; retry in ${seconds} s`,
    seconds,
  );
}
