/** Items from `start` up to, but not including, `end`. */
export interface IndexRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Splits `count` items into pieces of at most `maxItems` items and `maxSize` in all. An item that is larger has a piece
 * to itself. No items are one empty piece.
 */
export function* piecesOf(
  count: number,
  sizeOf: (index: number) => number,
  maxItems: number,
  maxSize: number,
): Generator<IndexRange> {
  let start = 0;
  let size = 0;
  for (let index = 0; index < count; index += 1) {
    const added = sizeOf(index);
    if (index > start && (index - start === maxItems || size + added > maxSize)) {
      yield { start, end: index };
      start = index;
      size = 0;
    }
    size += added;
  }
  yield { start, end: count };
}
