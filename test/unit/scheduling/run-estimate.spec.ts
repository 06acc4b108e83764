import fc from 'fast-check';
import { RunEstimate } from '../../../src/scheduling/run-estimate';

describe(RunEstimate.name, () => {
  it('finds the time of a run and of a row', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 10 }),
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 3, maxLength: 50 }),
        (runMs, rowMs, sizes) => {
          const estimate = new RunEstimate();
          for (const rows of sizes) estimate.observe(rows, runMs + rowMs * rows);
          for (const rows of sizes) {
            const expected = runMs + rowMs * rows;
            expect(Math.abs(estimate.of(rows) - expected)).toBeLessThan(1e-3 * expected + 1e-3);
          }
        },
      ),
    );
  });

  it('concludes nothing of two runs, and little of one that was held up', () => {
    const estimate = new RunEstimate();
    for (let run = 0; run < 2; run++) estimate.observe(4, 10);
    expect(estimate.of(4)).toBe(0);
    for (let run = 0; run < 20; run++) estimate.observe(4, 10);
    expect(estimate.of(4)).toBeCloseTo(10);
    estimate.observe(4, 60_000);
    expect(estimate.of(4)).toBeLessThan(12);
  });

  it('follows a model that became slower', () => {
    const estimate = new RunEstimate();
    for (let run = 0; run < 50; run++) estimate.observe(4, 10);
    for (let run = 0; run < 50; run++) estimate.observe(4, 200);
    expect(estimate.of(4)).toBeGreaterThan(150);
  });
});
