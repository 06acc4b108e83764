import { failingReason, outlierReason } from '../../../src/balancing/outlier-detection';
import { OutlierRecord } from '../../../src/balancing/outlier-record';

const NOW = 100_000;

function recordOf(successes: number, failures: number, latencyMs = 10, now = NOW): OutlierRecord {
  const record = new OutlierRecord();
  for (let count = 0; count < failures; count++) record.add(false, now);
  for (let count = 0; count < successes; count++) {
    record.add(true, now);
    record.addLatency(latencyMs);
  }
  return record;
}

describe('failures in a row', () => {
  it('make an outlier of a target from the third on', () => {
    const record = new OutlierRecord();
    record.add(false, NOW);
    record.add(false, NOW);
    expect(failingReason(record)).toBeUndefined();
    record.add(true, NOW);
    record.add(false, NOW);
    record.add(false, NOW);
    expect(failingReason(record)).toBeUndefined();
    record.add(false, NOW);
    expect(failingReason(record)).toBe('3 requests in a row failed');
  });
});

describe('the success rate', () => {
  const good = [recordOf(100, 0), recordOf(100, 0)];

  it('makes an outlier of a target far below the mean of the others', () => {
    expect(outlierReason(recordOf(15, 10), good, NOW)).toBe(
      '60 % of its requests succeed, and 100 % at the other targets',
    );
    expect(outlierReason(recordOf(90, 10), good, NOW)).toBeUndefined();
  });

  it('is not compared with few requests, or when everything fails', () => {
    expect(outlierReason(recordOf(9, 10), good, NOW)).toBeUndefined();
    expect(outlierReason(recordOf(15, 10), [recordOf(19, 0)], NOW)).toBeUndefined();
    expect(outlierReason(recordOf(15, 10), [recordOf(15, 10)], NOW)).toBeUndefined();
  });

  it('forgets what is older than 10 s', () => {
    const record = recordOf(0, 100);
    expect(record.recent(NOW + 8999)).toEqual({ requests: 100, successRate: 0 });
    expect(record.recent(NOW + 10_000)).toEqual({ requests: 0, successRate: 1 });
    record.add(true, NOW + 50_000);
    expect(record.recent(NOW + 50_000)).toEqual({ requests: 1, successRate: 1 });
  });
});

describe('latency', () => {
  it('makes an outlier of a target that is over 3 times slower than the others', () => {
    const others = [recordOf(50, 0, 20), recordOf(50, 0, 30), recordOf(50, 0, 900)];
    expect(outlierReason(recordOf(50, 0, 100), others, NOW)).toBe(
      'it takes 100 ms, and the other targets 30 ms',
    );
    expect(outlierReason(recordOf(50, 0, 80), others, NOW)).toBeUndefined();
  });

  it('is not too slow up to 50 ms, and not compared with few requests', () => {
    const others = [recordOf(50, 0, 1)];
    expect(outlierReason(recordOf(50, 0, 50), others, NOW)).toBeUndefined();
    expect(outlierReason(recordOf(19, 0, 500), others, NOW)).toBeUndefined();
    expect(outlierReason(recordOf(50, 0, 500), [recordOf(19, 0, 1)], NOW)).toBeUndefined();
  });

  it('is averaged over the last ones', () => {
    const record = recordOf(100, 0, 100);
    expect(record.latencyMs).toBeCloseTo(100);
    for (let count = 0; count < 50; count++) record.addLatency(10);
    expect(record.latencyMs).toBeLessThan(11);
    record.reset();
    expect([record.latencyMs, record.latencies, record.consecutiveFailures]).toEqual([0, 0, 0]);
  });
});
