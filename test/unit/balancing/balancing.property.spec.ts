import fc from 'fast-check';
import { fullJitter } from '../../../src/balancing/backoff';
import { Ejections } from '../../../src/balancing/ejections';
import { LatencyQuantile } from '../../../src/balancing/latency-quantile';
import { powerOfTwo } from '../../../src/balancing/power-of-two';
import { rendezvous, rendezvousHash } from '../../../src/balancing/rendezvous';
import { RetryBudget } from '../../../src/balancing/retry-budget';
import { slowStart } from '../../../src/balancing/slow-start';
import { sequence } from '../remote/fleet/fake-target';

const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 6 });

describe('power of two choices', () => {
  it('spreads the requests of an idle fleet by share', () => {
    fc.assert(
      fc.property(weights, fc.integer(), (shares, seed) => {
        const random = sequence(seed);
        const candidates = shares.map((share) => ({ share, inFlight: 0, chosen: 0 }));
        const rounds = 4000;
        for (let round = 0; round < rounds; round++) powerOfTwo(candidates, random)!.chosen++;
        const total = shares.reduce((sum, share) => sum + share, 0);
        for (const { share, chosen } of candidates)
          expect(Math.abs(chosen / rounds - share / total)).toBeLessThan(0.05);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps requests that last close to the shares', () => {
    fc.assert(
      fc.property(weights, fc.integer(), (shares, seed) => {
        const random = sequence(seed);
        const candidates = shares.map((share) => ({ share, inFlight: 0 }));
        const requests = 1000;
        for (let count = 0; count < requests; count++) powerOfTwo(candidates, random)!.inFlight++;
        const total = shares.reduce((sum, share) => sum + share, 0);
        for (const { share, inFlight } of candidates)
          expect(Math.abs(inFlight - (requests * share) / total)).toBeLessThan(40);
      }),
      { numRuns: 50 },
    );
  });

  it('takes the only candidate, and none of none', () => {
    const only = { share: 1, inFlight: 9 };
    expect(powerOfTwo([only], Math.random)).toBe(only);
    expect(powerOfTwo([], Math.random)).toBeUndefined();
  });
});

describe('rendezvous hashing', () => {
  const nodesOf = (names: readonly string[], shares: readonly number[] = []) =>
    names.map((name, index) => ({
      name,
      hash: rendezvousHash(name),
      weight: shares[index] ?? 1,
      inFlight: 0,
    }));
  const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 8 });

  it('moves only the sessions of a target that is removed', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.array(fc.string(), { maxLength: 100 }), (targets, pick, sessions) => {
        const nodes = nodesOf(targets);
        const removed = nodes[pick % nodes.length]!;
        const rest = nodes.filter((node) => node !== removed);
        for (const session of sessions.map(rendezvousHash)) {
          const before = rendezvous(nodes, session)!;
          const after = rendezvous(rest, session)!;
          if (before === removed) expect(rest).toContain(after);
          else expect(after).toBe(before);
        }
      }),
    );
  });

  it('divides sessions by weight', () => {
    const nodes = nodesOf(['gpu-1:8000', 'gpu-2:8000', 'gpu-3:8000'], [1, 2, 5]);
    const counts = new Map(nodes.map((node) => [node, 0]));
    for (let session = 0; session < 8000; session++) {
      const node = rendezvous(nodes, rendezvousHash(`session ${session}`))!;
      counts.set(node, counts.get(node)! + 1);
    }
    for (const [{ weight }, count] of counts) expect(Math.abs(count - 1000 * weight)).toBeLessThan(250);
  });

  it('never loads a target with more than 1.25 times its share, rounded up', () => {
    fc.assert(
      fc.property(weights, fc.array(fc.nat({ max: 5 }), { maxLength: 200 }), (shares, sessions) => {
        const nodes = nodesOf(
          shares.map((_, index) => `target ${index}`),
          shares,
        );
        const total = shares.reduce((sum, share) => sum + share, 0);
        sessions.forEach((session, before) => {
          const node = rendezvous(nodes, rendezvousHash(`${session}`))!;
          node.inFlight++;
          expect(node.inFlight).toBeLessThanOrEqual(Math.ceil((1.25 * (before + 1) * node.weight) / total));
        });
      }),
    );
  });

  it('has no node among none', () => {
    expect(rendezvous([], 1)).toBeUndefined();
  });
});

describe('the retry budget', () => {
  it('never allows more in 10 s than 20 % of the requests, or 30, and wastes little of that', () => {
    const step = fc.record({
      pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 }), fc.constant(25_000)),
      requests: fc.nat({ max: 60 }),
      retries: fc.nat({ max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 1e9 }), (steps, start) => {
        const budget = new RetryBudget();
        const requests: number[] = [];
        const retries: number[] = [];
        const within = (times: readonly number[], now: number, ms: number) =>
          times.filter((time) => time > now - ms).length;
        let now = start;
        for (const { pauseMs, requests: more, retries: wanted } of steps) {
          now += pauseMs;
          for (let count = 0; count < more; count++) {
            budget.count(now);
            requests.push(now);
          }
          for (let count = 0; count < wanted; count++) {
            if (budget.take(now)) {
              retries.push(now);
              expect(within(retries, now, 10_000)).toBeLessThanOrEqual(
                Math.max(30, 0.2 * within(requests, now, 10_000)),
              );
            } else {
              expect(within(retries, now, 10_100) + 1).toBeGreaterThan(
                Math.max(30, 0.2 * within(requests, now, 9900)),
              );
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the latency quantile', () => {
  it('is known after 20 requests, and lies where 95 of 100 recent latencies do', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e5, noNaN: true }), { maxLength: 600 }), (latencies) => {
        const quantile = new LatencyQuantile();
        for (const ms of latencies) quantile.add(ms);
        if (latencies.length < 20) return expect(quantile.p95).toBe(Infinity);
        const recent = latencies.slice(-256);
        const below = recent.filter((ms) => ms <= quantile.p95).length;
        const above = recent.filter((ms) => ms >= quantile.p95).length;
        expect(below / recent.length).toBeGreaterThanOrEqual(0.95);
        return expect(above / recent.length).toBeGreaterThanOrEqual(0.05);
      }),
    );
  });

  it('follows a change', () => {
    const quantile = new LatencyQuantile();
    for (let count = 0; count < 300; count++) quantile.add(10);
    expect(quantile.p95).toBe(10);
    for (let count = 0; count < 300; count++) quantile.add(50);
    expect(quantile.p95).toBe(50);
  });
});

it('slow start rises from a tenth to the full weight in 10 s', () => {
  expect([0, 500, 1000, 5000, 10_000, Infinity].map(slowStart)).toEqual([0.1, 0.1, 0.1, 0.5, 1, 1]);
});

it('full jitter doubles up to its limit', () => {
  expect([0, 1, 2, 10].map((retries) => fullJitter(retries, 25, 1000, 1))).toEqual([25, 50, 100, 1000]);
  expect(fullJitter(3, 25, 1000, 0)).toBe(0);
});

it('ejections double up to 30 s, and time in use makes up for them', () => {
  const ejections = new Ejections();
  let now = 0;
  const durations = Array.from({ length: 8 }, () => {
    ejections.begin(now);
    const { until } = ejections;
    const duration = until - now;
    now = until;
    ejections.end(now);
    expect(ejections.until).toBe(0);
    return duration;
  });
  expect(durations).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  const after = (ms: number) => {
    now += ms;
    ejections.begin(now);
    const duration = ejections.until - now;
    ejections.end(now);
    return duration;
  };
  expect(after(10_000)).toBe(16_000);
  expect(after(30_000)).toBe(4000);
  expect(after(1_000_000)).toBe(1000);
});
