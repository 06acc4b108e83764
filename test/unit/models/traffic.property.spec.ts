import fc from 'fast-check';
import { stickyChoice, WeightedRoundRobin, type Weighted } from '../../../src/models/rollout/traffic';

const candidates = fc
  .uniqueArray(fc.constantFrom('1', '2', '3', '4', '5'), { minLength: 1 })
  .chain((versions) =>
    fc.tuple(
      ...versions.map((version) => fc.integer({ min: 1, max: 9 }).map((weight) => ({ version, weight }))),
    ),
  );
const callers = Array.from({ length: 500 }, (_, index) => `10.0.0.${index}`);

it('turns are shared out by weight to the number, in every round', () => {
  fc.assert(
    fc.property(candidates, fc.integer({ min: 1, max: 5 }), (weighted, rounds) => {
      const turns = new WeightedRoundRobin();
      const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
      for (let round = 0; round < rounds; round++) {
        const chosen = Array.from({ length: total }, () => turns.next(weighted));
        for (const { version, weight } of weighted)
          expect(chosen.filter((one) => one === version)).toHaveLength(weight);
      }
    }),
  );
});

it('a caller stays with a version, in whatever order the versions are', () => {
  fc.assert(
    fc.property(candidates, fc.string(), (weighted, caller) => {
      const chosen = stickyChoice(weighted, caller);
      expect(weighted.map(({ version }) => version)).toContain(chosen);
      expect(stickyChoice(weighted.toReversed(), caller)).toBe(chosen);
      const scaled = weighted.map(({ version, weight }) => ({ version, weight: weight * 7 }));
      expect(stickyChoice(scaled, caller)).toBe(chosen);
    }),
  );
});

it('when a version gets more, callers move to it and nowhere else', () => {
  fc.assert(
    fc.property(candidates, fc.nat(), fc.integer({ min: 1, max: 9 }), (weighted, pick, more) => {
      const raised = weighted[pick % weighted.length]!;
      const after = weighted.map((one): Weighted => {
        return one === raised ? { ...one, weight: one.weight + more } : one;
      });
      const moved = callers
        .slice(0, 50)
        .filter((caller) => stickyChoice(after, caller) !== stickyChoice(weighted, caller))
        .map((caller) => stickyChoice(after, caller));
      expect(moved).toEqual(moved.map(() => raised.version));
    }),
  );
});

it('callers are shared out by weight', () => {
  const weighted = [
    { version: '1', weight: 80 },
    { version: '2', weight: 20 },
  ];
  const second = callers.filter((caller) => stickyChoice(weighted, caller) === '2');
  expect(second.length).toBeGreaterThan(70);
  expect(second.length).toBeLessThan(130);
});

it('nobody has a turn where there is nothing to choose from', () => {
  expect(new WeightedRoundRobin().next([])).toBeUndefined();
  expect(stickyChoice([], 'caller')).toBeUndefined();
});
