/**
 * Returns the candidate with the smallest edit distance to `word`, ignoring case: insertions, deletions, replacements
 * and swaps of neighbours. Undefined if no candidate is within one edit per three characters of the shorter string.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return candidates
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits * 3 <= Math.min(word.length, candidate.length))
    .toSorted((one, other) => one.edits - other.edits)[0]?.candidate;
}

/** Damerau-Levenshtein distance (optimal string alignment), computed row by row. */
function distance(from: string, to: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of from.split('').entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = at(row, column - 1) + (to[column - 1] === letter ? 0 : 1);
      const isSwap = index > 0 && to[column - 2] === letter && to[column - 1] === from[index - 1];
      const swapped = isSwap ? at(before, column - 2) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, at(row, column) + 1, at(next, column - 1) + 1));
    }
    [before, row] = [row, next];
  }
  return at(row, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
