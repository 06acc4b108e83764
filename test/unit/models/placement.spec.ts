import fc from 'fast-check';
import { placementOf } from '../../../src/models/limits';

const wish = fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined });

describe('the placement of a model', () => {
  it('never takes more threads than there are cores on the CPU, and always one', () => {
    fc.assert(
      fc.property(wish, wish, fc.integer({ min: 1, max: 256 }), (instances = 1, threads = 1, cores) => {
        for (const settings of [{ instances, threads }, { instances }, { threads }]) {
          const placement = placementOf(settings, 'auto', cores);
          expect(placement.instances * placement.threads).toBeLessThanOrEqual(cores);
          expect(Math.min(placement.instances, placement.threads)).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  it('gives one runner all cores, and what is asked for where it fits', () => {
    expect(placementOf({}, 'cpu', 8)).toEqual({ instances: 1, threads: 8 });
    expect(placementOf({ instances: 2 }, 'cpu', 8)).toEqual({ instances: 2, threads: 4 });
    expect(placementOf({ instances: 2, threads: 3 }, 'cpu', 8)).toEqual({ instances: 2, threads: 3 });
    expect(placementOf({ instances: 16 }, 'cuda', 8)).toEqual({ instances: 16, threads: 1 });
  });
});
