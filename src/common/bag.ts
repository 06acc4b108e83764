/** An item of a {@link Bag}, which knows its place. */
export interface Placed {
  /** The index in the bag; -1 outside. Only the bag changes it. */
  place: number;
}

/**
 * Items without an order. Adding and removing take constant time and allocate nothing. A Set that changes with every
 * request would be rebuilt all the time, and the old tables keep removed items alive until the next full collection.
 */
export class Bag<Item extends Placed> {
  private readonly items: Item[] = [];

  /** Number of items. */
  get size(): number {
    return this.items.length;
  }

  /** The items now. */
  get all(): readonly Item[] {
    return this.items.slice();
  }

  /** Adds `item`, which must be in no bag. */
  add(item: Item): void {
    item.place = this.items.push(item) - 1;
  }

  /** Removes `item`. Returns whether it was in the bag. */
  delete(item: Item): boolean {
    const { place } = item;
    if (place < 0) return false;
    const last = this.items.pop()!;
    if (last !== item) {
      this.items[place] = last;
      last.place = place;
    }
    item.place = -1;
    return true;
  }

  /** Calls `work` for every item, and possibly twice for one if it removes others. It may remove any items. */
  forEach(work: (item: Item) => void): void {
    for (let index = this.items.length - 1; index >= 0; index--) {
      const item = this.items[index];
      if (item !== undefined) work(item);
    }
  }
}
