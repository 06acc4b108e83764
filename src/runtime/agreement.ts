/** How far two numbers may be apart that count as the same. */
export interface Tolerance {
  /** As a share of the larger of the two. */
  readonly ofValue: number;
  /** As a share of the largest number there is in either list. */
  readonly ofLargest: number;
}

/**
 * Of one row in two runs of equal size: the same sums in the same order. What is left is what a processor with several
 * cores, or a GPU, may do in another order.
 */
export const EQUAL_SIZE: Tolerance = { ofValue: 1e-5, ofLargest: 1e-6 };

/**
 * Of one row in runs of different size, which may take other kernels: their rounding, which a long network makes larger.
 * Half floats have three digits to begin with.
 */
export const OTHER_SIZE: Tolerance = { ofValue: 2e-2, ofLargest: 1e-2 };

type Numbers = ArrayLike<number | bigint>;

/** Whether `one` and `other` are equally long and the same, floats within `tolerance`; NaN is the same as NaN. */
export function agree(one: Numbers, other: Numbers, tolerance: Tolerance): boolean {
  if (one.length !== other.length) return false;
  let slack: number | undefined;
  for (let index = 0; index < one.length; index++) {
    const [a, b] = [one[index]!, other[index]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (typeof a !== 'number' || typeof b !== 'number') return false;
    slack ??= tolerance.ofLargest * Math.max(largest(one), largest(other));
    // Not so either where one of them is no number, or infinite.
    if (!(Math.abs(a - b) <= tolerance.ofValue * Math.max(Math.abs(a), Math.abs(b)) + slack)) return false;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  }
  return true;
}

function largest(numbers: Numbers): number {
  let most = 0;
  for (let index = 0; index < numbers.length; index++) {
    const size = Math.abs(Number(numbers[index]!));
    if (size > most && size < Infinity) most = size;
  }
  return most;
}
