import fc from 'fast-check';
import { addedUp, type ProcessCounts, type VersionCounts } from '../../../src/console/counts';
import { ratesBetween } from '../../../src/console/rates';
import { SECONDS } from '../../../src/observability/metrics/model-metrics';
import { Distribution } from '../../../src/observability/metrics/distribution';
import { quantile } from '../../../src/observability/metrics/quantile';

const counts = (over: Partial<VersionCounts> = {}): VersionCounts => ({
  model: 'digits',
  version: '1',
  successes: 0,
  failures: {},
  rows: 0,
  executions: 0,
  batchRows: 0,
  durations: new Float64Array(SECONDS.length + 1),
  cacheHits: 0,
  cacheMisses: 0,
  restarts: 0,
  waitingRequests: 0,
  running: 0,
  memoryBytes: 0,
  ...over,
});

describe(ratesBetween, () => {
  it('divides what happened by the seconds', () => {
    const durations = new Float64Array(SECONDS.length + 1);
    durations[3] = 30;
    const now = counts({
      successes: 40,
      failures: { invalid: 5, deadline: 5 },
      rows: 80,
      executions: 10,
      batchRows: 80,
      cacheHits: 10,
      cacheMisses: 30,
      durations,
    });
    const before = counts({
      successes: 10,
      failures: { invalid: 5 },
      rows: 20,
      executions: 5,
      batchRows: 20,
    });
    expect(ratesBetween(before, now, 10)).toEqual({
      requests_per_s: 3.5,
      errors_per_s: 0.5,
      rows_per_s: 6,
      latency: { p50: 0.75, p95: 0.975, p99: 0.995 },
      batch_rows: 12,
      cache_hits: 0.25,
    });
  });

  it('knows no rates of a version that is new, and no latency without requests', () => {
    const none = { requests_per_s: 0, errors_per_s: 0, rows_per_s: 0 };
    expect(ratesBetween(undefined, counts({ successes: 5 }), 10)).toEqual(none);
    expect(ratesBetween(counts(), counts(), 10)).toEqual(none);
  });

  it('never reports negative rates when a process counts from 0 again', () => {
    const rates = ratesBetween(counts({ successes: 90, rows: 90 }), counts({ successes: 3, rows: 3 }), 10);
    expect(rates).toMatchObject({ requests_per_s: 0, rows_per_s: 0 });
  });
});

describe(addedUp, () => {
  const processWith = (version: VersionCounts) => ({ versions: [version] }) as unknown as ProcessCounts;

  it('keeps what a process has counted that ended or is slow, but not its load', () => {
    const own = counts({ successes: 5, running: 1, waitingRequests: 2, memoryBytes: 100 });
    const late = counts({ successes: 70, running: 8, waitingRequests: 8, memoryBytes: 900 });
    const expected = counts({ successes: 75, running: 1, waitingRequests: 2, memoryBytes: 100 });
    const key = 'digits/1';
    expect(addedUp([processWith(own)], [processWith(late)]).get(key)).toEqual(expected);
    const answered = addedUp([processWith(own), processWith(late)], []).get(key);
    expect(ratesBetween(expected, answered!, 10)).toMatchObject({ requests_per_s: 0 });
  });
});

describe(quantile, () => {
  const bounds = [1, 2, 5, 10];

  it('lies in the bucket of the value with its rank', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 10, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, q) => {
          const histogram = new Distribution(bounds);
          for (const value of values) histogram.observe(value);
          const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1]!;
          const upper = bounds.find((bound) => exact <= bound)!;
          const lower = bounds[bounds.indexOf(upper) - 1] ?? 0;
          const estimate = quantile(bounds, histogram.buckets, q)!;
          expect(estimate).toBeGreaterThanOrEqual(lower);
          expect(estimate).toBeLessThanOrEqual(upper);
        },
      ),
    );
  });

  it('counts values above the last bound as the bound, and knows none without values', () => {
    expect(quantile(bounds, [0, 0, 0, 0, 3], 0.5)).toBe(10);
    expect(quantile(bounds, [0, 0, 0, 0, 0], 0.5)).toBeUndefined();
  });
});
