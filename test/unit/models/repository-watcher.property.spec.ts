import fc from 'fast-check';
import { settledChanges, type Fingerprints } from '../../../src/models/registry/repository-watcher';

const prints = fc
  .dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '3'))
  .map((record): Fingerprints => new Map(Object.entries(record)));

it('takes a change once, and not before two looks have seen it', () => {
  fc.assert(
    fc.property(prints, fc.array(prints, { maxLength: 12 }), (first, looks) => {
      const taken = new Map(first);
      let last: Fingerprints = new Map();
      for (const now of looks) {
        for (const name of settledChanges(taken, last, now)) {
          expect(now.get(name)).toBe(last.get(name));
          expect(now.get(name)).not.toBe(taken.get(name));
          if (now.has(name)) taken.set(name, now.get(name)!);
          else taken.delete(name);
        }
        expect(settledChanges(taken, last, now)).toEqual([]);
        last = now;
      }
      // What stays as it is has been taken after one more look.
      for (const name of settledChanges(taken, last, last)) {
        if (last.has(name)) taken.set(name, last.get(name)!);
        else taken.delete(name);
      }
      expect(taken).toEqual(last.size > 0 || looks.length > 0 ? new Map(last) : taken);
    }),
  );
});
