import fc from 'fast-check';
import { MemoryLimiter } from '../../../src/limits/memory-limiter';
import { counter, passed, refused, slots } from './counters';
import { ReferenceBucket } from './reference';

/** A limiter, and the clock that it reads. */
function limiterWithClock(maxCounters?: number) {
  const clock = { ms: 0 };
  return { clock, limiter: new MemoryLimiter(() => clock.ms, maxCounters) };
}

const limits = fc.integer({ min: 1, max: 1000 });
const windows = fc.constantFrom(1000, 7000, 60_000);

describe('an estimate that is corrected', () => {
  it('counts as what was used, for what has not drained since', () => {
    const steps = fc.record({
      estimate: fc.integer({ min: 1, max: 1000 }),
      used: fc.nat(1000),
      ms: fc.nat(2000),
    });
    fc.assert(
      fc.property(steps, ({ estimate, used, ms }) => {
        const { clock, limiter } = limiterWithClock();
        const rate = counter(1000, 1000, 'one', 'tokens');
        const pass = passed(limiter.take([{ counter: rate, amount: estimate }]));
        clock.ms += ms;
        pass.correct('tokens', used);
        pass.refund();
        // A unit drains in a millisecond. What was used beyond the estimate is charged at the end.
        const left = used > estimate ? Math.max(0, estimate - ms) + used - estimate : Math.max(0, used - ms);
        const { standings } = passed(limiter.take([{ counter: rate, amount: 0 }]));
        expect(standings[0]!.remaining).toBe(1000 - left);
      }),
    );
  });

  it('is charged although the limit has no room, and gives back nothing of other requests', () => {
    const { clock, limiter } = limiterWithClock();
    const rate = counter(100, 1000, 'one', 'tokens');
    const take = (amount: number) => limiter.take([{ counter: rate, amount }]);
    const first = passed(take(10));
    passed(take(90));
    first.correct('tokens', 50);
    // A limit is used up for a window at most.
    expect(refused(take(100)).retryAfterMs).toBe(1000);
    clock.ms = 3000;
    const long = passed(take(100));
    clock.ms = 10_000;
    passed(take(100));
    long.correct('tokens', 0);
    expect(take(1).passed).toBe(false);
  });
});

describe('a rate', () => {
  it('lets exactly the limit through at one instant', () => {
    fc.assert(
      fc.property(limits, windows, fc.nat(1_000_000), (limit, windowMs, at) => {
        const { clock, limiter } = limiterWithClock();
        clock.ms = at;
        const charges = [{ counter: counter(limit, windowMs), amount: 1 }];
        const verdicts = Array.from({ length: limit + 10 }, () => limiter.take(charges).passed);
        expect(verdicts.filter(Boolean)).toHaveLength(limit);
        expect(verdicts.slice(0, limit)).not.toContain(false);
      }),
    );
  });

  it('decides as exact arithmetic does, with weights, refunds and a clock that jumps back', () => {
    const step = fc.record({
      ms: fc.oneof(fc.nat(50), fc.nat(70_000), fc.integer({ min: -70_000, max: 0 })),
      amount: fc.integer({ min: 1, max: 40 }),
      isRefunded: fc.boolean(),
    });
    fc.assert(
      fc.property(limits, windows, fc.array(step, { maxLength: 100 }), (limit, windowMs, steps) => {
        const { clock, limiter } = limiterWithClock();
        const reference = new ReferenceBucket(limit, windowMs);
        const rate = counter(limit, windowMs);
        for (const { ms, amount, isRefunded } of steps) {
          clock.ms += ms;
          const verdict = limiter.take([{ counter: rate, amount }]);
          expect(verdict.passed).toBe(reference.take(amount, clock.ms));
          if (!verdict.passed || !isRefunded) continue;
          verdict.refund();
          verdict.refund();
          reference.refund(amount);
        }
      }),
    );
  });

  it('never lets more than the limit and what has drained through in any interval', () => {
    const step = fc.record({ ms: fc.nat(500), amount: fc.integer({ min: 1, max: 30 }) });
    fc.assert(
      fc.property(limits, windows, fc.array(step, { maxLength: 80 }), (limit, windowMs, steps) => {
        const { clock, limiter } = limiterWithClock();
        const rate = counter(limit, windowMs);
        const through: { at: number; amount: number }[] = [];
        for (const { ms, amount } of steps) {
          clock.ms += ms;
          if (limiter.take([{ counter: rate, amount }]).passed) through.push({ at: clock.ms, amount });
        }
        for (const [first, { at }] of through.entries()) {
          let sum = 0;
          for (const later of through.slice(first)) {
            sum += later.amount;
            expect(sum).toBeLessThanOrEqual(limit + (limit * (later.at - at)) / windowMs + 1e-6);
          }
        }
      }),
    );
  });

  it('lets a charge through after the time it names, and not a millisecond earlier', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 1000 }), windows, amounts, (limit, windowMs, all) => {
        const { clock, limiter } = limiterWithClock();
        const rate = counter(limit, windowMs);
        for (const amount of all) {
          const verdict = limiter.take([{ counter: rate, amount }]);
          if (verdict.passed) continue;
          clock.ms += verdict.retryAfterMs! - 1;
          expect(limiter.take([{ counter: rate, amount }]).passed).toBe(false);
          clock.ms += 1;
          expect(limiter.take([{ counter: rate, amount }]).passed).toBe(true);
        }
      }),
    );
  });

  it('never names a time for a charge above the limit', () => {
    const { limiter } = limiterWithClock();
    const verdict = refused(limiter.take([{ counter: counter(10, 1000), amount: 11 }]));
    expect(verdict).toMatchObject({ retryAfterMs: undefined, standings: [{ remaining: 10, resetMs: 0 }] });
  });

  it.each([-1e9, -5000, 1e12])('is free again within a window after the clock jumps by %d ms', (jump) => {
    const { clock, limiter } = limiterWithClock();
    const charges = [{ counter: counter(10, 60_000), amount: 10 }];
    passed(limiter.take(charges));
    clock.ms += jump;
    const atOnce = limiter.take(charges);
    expect(atOnce.passed).toBe(jump > 0);
    expect(limiter.take(charges).passed).toBe(false);
    clock.ms += 60_000;
    expect(limiter.take(charges).passed).toBe(true);
  });

  it('whose limit is lowered is free again within a window', () => {
    const { clock, limiter } = limiterWithClock();
    passed(limiter.take([{ counter: counter(1_000_000, 60_000), amount: 1_000_000 }]));
    const lowered = [{ counter: counter(10, 60_000), amount: 10 }];
    expect(limiter.take(lowered).passed).toBe(false);
    clock.ms = 60_000;
    expect(limiter.take(lowered).passed).toBe(true);
  });
});

describe('several charges', () => {
  it('are made together or not at all', () => {
    const charge = fc.record({ holder: fc.nat(4), amount: fc.integer({ min: 1, max: 8 }) });
    const takes = fc.array(
      fc.uniqueArray(charge, { selector: ({ holder }) => holder, minLength: 1, maxLength: 4 }),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(takes, (all) => {
        const { limiter } = limiterWithClock();
        const counters = [5, 10, 15, 20, 25].map((limit, holder) => counter(limit, 1000, String(holder)));
        const used = [0, 0, 0, 0, 0];
        for (const take of all) {
          const fits = take.every(({ holder, amount }) => used[holder]! + amount <= counters[holder]!.limit);
          const charges = take.map(({ holder, amount }) => ({ counter: counters[holder]!, amount }));
          const verdict = limiter.take(charges);
          expect(verdict.passed).toBe(fits);
          if (fits) for (const { holder, amount } of take) used[holder]! += amount;
          expect(verdict.standings.map(({ remaining }) => remaining)).toEqual(
            take.map(({ holder }) => counters[holder]!.limit - used[holder]!),
          );
        }
      }),
    );
  });

  it('are refused by the one that needs the longest time', () => {
    const { limiter } = limiterWithClock();
    const charges = [counter(1, 1000, 'a'), counter(1, 60_000, 'b'), counter(1, 7000, 'c')].map((rate) => ({
      counter: rate,
      amount: 1,
    }));
    passed(limiter.take(charges));
    expect(refused(limiter.take(charges))).toMatchObject({
      by: { subject: 'key:b:rows_per_window' },
      retryAfterMs: 60_000,
    });
    const above = [charges[1]!, { counter: counter(1, 1000, 'd'), amount: 2 }];
    expect(refused(limiter.take(above))).toMatchObject({ by: above[1]!.counter, retryAfterMs: undefined });
  });
});

describe('requests in flight', () => {
  it('end when they are released, once, and not when they are refunded', () => {
    const { clock, limiter } = limiterWithClock();
    const charges = [{ counter: slots(2), amount: 1 }];
    const first = passed(limiter.take(charges));
    passed(limiter.take(charges));
    clock.ms = 1e9;
    first.refund();
    expect(refused(limiter.take(charges))).toMatchObject({ retryAfterMs: 1000 });
    first.release();
    first.release();
    passed(limiter.take(charges));
    refused(limiter.take(charges));
  });

  it('take no memory once they have ended, nor when they are refused', () => {
    const { limiter } = limiterWithClock();
    const rate = counter(1, 1000);
    for (let holder = 0; holder < 100; holder++) {
      const verdict = limiter.take([
        { counter: slots(1, String(holder)), amount: 1 },
        { counter: rate, amount: 1 },
      ]);
      if (verdict.passed) verdict.release();
    }
    expect(limiter.size).toBe(1);
  });
});

describe('memory', () => {
  it('is bounded for any number of addresses, which make no key forgotten', () => {
    const { clock, limiter } = limiterWithClock(1000);
    const key = [{ counter: counter(1, 60_000), amount: 1 }];
    passed(limiter.take(key));
    for (let address = 0; address < 4500; address++) {
      clock.ms += 1;
      limiter.take([{ counter: counter(5, 60_000, String(address), 'requests', 'address'), amount: 1 }]);
    }
    expect(limiter.size).toBeLessThanOrEqual(2001);
    refused(limiter.take(key));
  });

  it('keeps a counter in use, however many others come', () => {
    const { limiter } = limiterWithClock(1000);
    const busy = [{ counter: counter(5, 60_000, 'busy', 'requests', 'address'), amount: 5 }];
    passed(limiter.take(busy));
    for (let address = 0; address < 2500; address++) {
      limiter.take([{ counter: counter(5, 60_000, String(address), 'requests', 'address'), amount: 1 }]);
      if (address % 500 === 0) refused(limiter.take(busy));
    }
    expect(limiter.take(busy).passed).toBe(false);
  });
});

describe('a share of a limit', () => {
  it('is the limit divided by the gateways, at least one unit, and lets a large request through', () => {
    const { clock, limiter } = limiterWithClock(1000);
    limiter.gateways = 4;
    const rate = counter(100, 60_000);
    const rows = (amount: number) => limiter.take([{ counter: rate, amount }]).passed;
    expect(Array.from({ length: 30 }, () => rows(1)).filter(Boolean)).toHaveLength(25);
    clock.ms += 60_000;
    expect([rows(50), rows(1)]).toEqual([true, false]);
    clock.ms += 120_000;
    expect([rows(101), rows(25), rows(1)]).toEqual([false, true, false]);
    const one = [{ counter: counter(1, 1000, 'small'), amount: 1 }];
    expect([limiter.take(one).passed, limiter.take(one).passed]).toEqual([true, false]);
  });
});
