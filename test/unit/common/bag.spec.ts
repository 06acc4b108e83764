import fc from 'fast-check';
import { Bag, type Placed } from '../../../src/common/bag';

class Item implements Placed {
  place = -1;
  constructor(readonly name: number) {}
}

const names = (items: readonly Item[]) => items.map(({ name }) => name).toSorted((a, b) => a - b);

/** A bag of four items. */
function filled() {
  const bag = new Bag<Item>();
  const items = [0, 1, 2, 3].map((name) => new Item(name));
  for (const item of items) bag.add(item);
  return { bag, items };
}

describe('a bag', () => {
  it('has the items that a set would have, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (changes) => {
        const items = Array.from({ length: 21 }, (_, name) => new Item(name));
        const bag = new Bag<Item>();
        const set = new Set<Item>();
        for (const change of changes) {
          const item = items[change]!;
          expect(bag.delete(item)).toBe(set.delete(item));
          if (bag.all.length % 3 === change % 3) continue;
          bag.add(item);
          set.add(item);
        }
        expect(names(bag.all)).toEqual(names([...set]));
        expect(bag.all.every((item, index) => item.place === index)).toBe(true);
      }),
    );
  });

  it('may lose several items during a visit', () => {
    const { bag, items } = filled();
    const visited: Item[] = [];
    bag.forEach((item) => {
      visited.push(item);
      bag.delete(items[2]!);
      bag.delete(items[3]!);
    });
    expect(names(visited)).toEqual([0, 1, 3]);
    expect(names(bag.all)).toEqual([0, 1]);
  });

  it('may lose the item that is visited', () => {
    const { bag } = filled();
    const visited: Item[] = [];
    bag.forEach((item) => {
      visited.push(item);
      if (item.name % 2 === 0) bag.delete(item);
    });
    expect(names(visited)).toEqual([0, 1, 2, 3]);
    expect(names(bag.all)).toEqual([1, 3]);
  });
});
