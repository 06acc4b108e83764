import { chargesOf, countersOf } from '../../../src/limits/counter';
import { headerOf, secondsOf, tightest } from '../../../src/limits/headers';
import { limitError } from '../../../src/limits/limit-error';
import { MemoryLimiter } from '../../../src/limits/memory-limiter';
import { quotasOf } from '../../../src/limits/quota';
import { passed, refused } from './counters';

const counters = [
  ...countersOf('key', 'acme/ci', quotasOf({ requests_per_second: 5, rows_per_day: 1000, in_flight: 2 })),
  ...countersOf('tenant', 'acme', quotasOf({ requests_per_minute: 3 })),
];

it('a request is charged to the counters of the units that it uses', () => {
  const charges = chargesOf(counters, { requests: 1, rows: 32, in_flight: 1, input_bytes: 1e6 });
  expect(charges.map(({ counter: { subject }, amount }) => [subject, amount])).toEqual([
    ['key:acme/ci:requests_per_second', 1],
    ['key:acme/ci:rows_per_day', 32],
    ['key:acme/ci:in_flight', 1],
    ['tenant:acme:requests_per_minute', 1],
  ]);
  expect(chargesOf(counters, { rows: 0 })).toEqual([]);
});

it('headers have whole seconds and the limit with the fewest units left', () => {
  const limiter = new MemoryLimiter(() => 0);
  const { standings } = passed(limiter.take(chargesOf(counters, { requests: 1, rows: 32, in_flight: 1 })));
  expect(standings.map(headerOf)).toEqual([
    { policy: 'key_requests_per_second', unit: 'requests', limit: 5, windowS: 1, remaining: 4, resetS: 1 },
    { policy: 'key_rows_per_day', unit: 'rows', limit: 1000, windowS: 86_400, remaining: 968, resetS: 2765 },
    { policy: 'key_in_flight', unit: 'in_flight', limit: 2, windowS: undefined, remaining: 1, resetS: 0 },
    {
      policy: 'tenant_requests_per_minute',
      unit: 'requests',
      limit: 3,
      windowS: 60,
      remaining: 2,
      resetS: 20,
    },
  ]);
  expect(tightest(standings, 'requests')).toBe(standings[3]);
  expect(tightest(standings, 'input_bytes')).toBeUndefined();
  expect([0, 1, 1000, 1001].map(secondsOf)).toEqual([0, 1, 1, 2]);
});

it.each([
  [
    { requests: 4 },
    'above_quota',
    undefined,
    'the request alone exceeds the limit of 3 requests in 60 s for this tenant; send fewer rows per request',
  ],
  [
    { requests: 3 },
    'rate_limited',
    20,
    'the limit of 3 requests in 60 s for this tenant is used up; retry in 20 s',
  ],
  [
    { in_flight: 2 },
    'rate_limited',
    1,
    'the limit of 2 requests in flight for this key is reached; retry when one of them has ended',
  ],
])('a refusal of %j says what to do', (amounts, code, retryAfterSeconds, message) => {
  const limiter = new MemoryLimiter(() => 0);
  passed(limiter.take(chargesOf(counters, { requests: 1, in_flight: 1 })));
  const error = limitError(refused(limiter.take(chargesOf(counters, amounts))));
  expect(error).toMatchObject({ code, message });
  expect(error.details.retryAfterSeconds).toBe(retryAfterSeconds);
});
