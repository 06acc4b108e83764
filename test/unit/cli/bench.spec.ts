import fc from 'fast-check';
import { integersOf, positiveOf } from '../../../src/cli/bench/integers';
import { isStable } from '../../../src/cli/bench/stability';
import { PERCENTILES, Window } from '../../../src/cli/bench/window';
import { candidatesFor } from '../../../src/cli/bench/sweep/candidates';
import {
  bestOf,
  finalistsOf,
  comparisonOf,
  type Entry,
  type Round,
} from '../../../src/cli/bench/sweep/rounds';

/** A window of a second with these latencies in milliseconds. */
function windowOf(latencies: readonly number[], ms = 1000): Window {
  const window = new Window();
  for (const latency of latencies) window.succeeded(latency);
  window.ms = ms;
  return window;
}

/** A round with `count` requests in a second, each of `latency` ms. */
function roundOf(count: number, latency = 10): Round {
  const window = windowOf(Array.from({ length: count }, () => latency));
  const timing = { mode: 'closed', concurrency: 1 } as const;
  return {
    measurement: {
      timing,
      window,
      rowsPerRequest: 1,
      stable: true,
      server: undefined,
      busy: 0,
      starved: 0,
      lagMs: 0,
    },
    cpuCores: undefined,
    memoryBytes: undefined,
  };
}

function entryOf(instances: number | undefined, counts: readonly number[], latency = 10): Entry {
  const candidate = instances === undefined ? undefined : { instances };
  return { candidate, rounds: counts.map((count) => roundOf(count, latency)) };
}

describe('a window', () => {
  const latencies = fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), {
    minLength: 1,
    maxLength: 500,
  });

  it('has the percentiles of its latencies, to three figures', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const window = windowOf(values);
        const ordered = values.toSorted((one, other) => one - other);
        for (const percent of PERCENTILES) {
          // The value at the rank, which is rounded up or to the nearest.
          const rank = (percent / 100) * values.length;
          const exact = [Math.ceil(rank), Math.max(1, Math.round(rank))].map((at) => ordered[at - 1]!);
          const errors = exact.map((value) => Math.abs(window.percentile(percent) - value) / (value + 1));
          expect(Math.min(...errors)).toBeLessThan(0.001);
        }
      }),
    );
  });

  it('is the sum of its parts', () => {
    fc.assert(
      fc.property(latencies, latencies, (one, other) => {
        const sum = new Window().add(windowOf(one)).add(windowOf(other));
        const whole = windowOf([...one, ...other], 2000);
        expect([sum.count, sum.ms, sum.rate]).toEqual([whole.count, whole.ms, whole.rate]);
        expect(PERCENTILES.map((percent) => sum.percentile(percent))).toEqual(
          PERCENTILES.map((percent) => whole.percentile(percent)),
        );
      }),
    );
  });

  it('counts failures by status, without their latency', () => {
    const one = new Window();
    one.failed('429', 'full');
    const other = new Window();
    other.failed('429', 'also full');
    other.failed('500', 'broken');
    one.add(other);
    expect([one.count, one.failedCount, one.percentile(99), one.mean]).toEqual([0, 3, 0, 0]);
    expect(one.failures.get('429')).toEqual({ count: 2, example: 'full' });
  });
});

describe('stability', () => {
  const steady = windowOf([1, 1, 1, 1]);

  it.each([
    ['two windows', [steady, steady], false],
    ['three equal windows', [steady, steady, steady], true],
    ['another throughput', [steady, windowOf([1, 1, 1]), steady], false],
    ['another latency', [steady, windowOf([2, 2, 2, 2]), steady], false],
    ['a window without responses', [steady, windowOf([]), steady], false],
    ['only the last three', [windowOf([9]), steady, steady, steady], true],
  ])('of %s', (_name, windows, expected) => {
    expect(isStable(windows)).toBe(expected);
  });
});

describe('options', () => {
  it.each([
    ['8', [8]],
    ['64,1,8,8', [1, 8, 64]],
    ['1:4', [1, 2, 3, 4]],
    ['2:8:3', [2, 5, 8]],
    ['1:64:x4', [1, 4, 16, 64]],
    ['1:2,10', [1, 2, 10]],
  ])('numbers of %s', (text, expected) => {
    expect(integersOf('--rows', text)).toEqual(expected);
  });

  it.each(['', '0', '-1', 'a', '1.5', '4:1', '1:8:x1', '1:8:0', '1,,2', '1:1000', '1:8:x', '9'.repeat(20)])(
    'no numbers of %j',
    (text) => {
      expect(() => integersOf('--rows', text)).toThrow('expected --rows with');
    },
  );

  it('positive numbers', () => {
    expect(positiveOf('--p99', '0.5')).toBe(0.5);
    for (const text of ['', ' ', '0', '-1', 'x', 'Infinity'])
      expect(() => positiveOf('--p99', text)).toThrow('expected --p99 with a positive number');
  });
});

describe('candidates of a sweep', () => {
  it('use no more threads than cores', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 128 }), fc.boolean(), (cores, batches) => {
        const candidates = candidatesFor({ cores, device: 'cpu', batches });
        expect(candidates.length).toBeLessThanOrEqual(24);
        expect(candidates.every(({ instances, threads }) => instances! * threads! <= cores)).toBe(true);
        expect(candidates.every((candidate) => 'max_batch_rows' in candidate === batches)).toBe(true);
        expect(new Set(candidates.map((candidate) => JSON.stringify(candidate))).size).toBe(
          candidates.length,
        );
      }),
    );
  });

  it('are those of the command line', () => {
    const space = {
      cores: 2,
      device: 'cpu',
      batches: true,
      instances: [3],
      threads: [1, 9],
      batch: [5],
    } as const;
    expect(candidatesFor(space)).toEqual([
      { instances: 3, threads: 1, max_batch_rows: 5 },
      { instances: 3, threads: 9, max_batch_rows: 5 },
    ]);
    const many = Array.from({ length: 7 }, (_, index) => index + 1);
    expect(() => candidatesFor({ ...space, instances: many, threads: many })).toThrow(
      '49 combinations, expected at most 48',
    );
  });
});

describe('the comparison of a sweep', () => {
  it('takes the load with most throughput that keeps the objective', () => {
    const loads = [roundOf(10, 5), roundOf(30, 15), roundOf(50, 40)];
    expect(bestOf(loads, undefined)).toBe(loads[2]);
    expect(bestOf(loads, 20)).toBe(loads[1]);
    // None keeps it: the fastest.
    expect(bestOf(loads, 1)).toBe(loads[0]);
  });

  it('gives further rounds to the best, and to the current settings', () => {
    const current = entryOf(undefined, [1]);
    const others = [10, 60, 20, 50, 30, 40].map((count) => entryOf(count, [count]));
    const failed: Entry = { candidate: { instances: 9 }, rounds: [], failure: 'no room' };
    const finalists = finalistsOf([current, failed, ...others], undefined);
    expect(finalists.map(({ candidate }) => candidate?.instances)).toEqual([undefined, 60, 50, 40, 30]);
  });

  it('is clear only if all rounds are better, the first one aside', () => {
    const current = entryOf(undefined, [500, 100, 110, 105]);
    const clear = comparisonOf([current, entryOf(2, [90, 130, 140, 135])], undefined)!;
    expect([clear.isClear, clear.keepsObjective]).toEqual([true, true]);
    expect(clear.gain).toBeCloseTo(135 / 105);
    expect(clear.noise).toBeCloseTo(1.1);
    const noisy = comparisonOf([current, entryOf(2, [900, 109, 140, 135])], undefined)!;
    expect(noisy.isClear).toBe(false);
  });

  it('knows an objective that only others keep, and one that none keeps', () => {
    const current = entryOf(undefined, [200, 200, 200], 50);
    const slower = entryOf(2, [100, 100, 100], 5);
    expect(comparisonOf([current, slower], 20)).toMatchObject({
      gain: Infinity,
      isClear: true,
      keepsObjective: true,
    });
    expect(comparisonOf([current, slower], 1)).toMatchObject({
      gain: 1,
      isClear: false,
      keepsObjective: false,
    });
  });

  it('is not given after one round', () => {
    expect(comparisonOf([entryOf(undefined, [1]), entryOf(2, [2])], undefined)).toBeUndefined();
  });
});
