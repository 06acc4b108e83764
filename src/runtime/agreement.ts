/** Maximum difference between two numbers that count as equal. */
export interface Tolerance {
  /** As a share of the larger of the two numbers. */
  readonly ofValue: number;
  /** As a share of the largest finite number in both lists. */
  readonly ofLargest: number;
}

/**
 * For one row in two runs of the same size. Both compute the same sums in the same order, apart from reordering by
 * several cores or a GPU.
 */
export const EQUAL_SIZE: Tolerance = { ofValue: 1e-5, ofLargest: 1e-6 };

/**
 * For one row in runs of different sizes. These may use different kernels, whose rounding differences grow in a deep
 * network. Half floats have only three digits to begin with.
 */
export const OTHER_SIZE: Tolerance = { ofValue: 2e-2, ofLargest: 1e-2 };

type Numbers = ArrayLike<number | bigint>;

/** Whether `one` and `other` have the same length and equal values; floats within `tolerance`. NaN equals NaN. */
export function agree(one: Numbers, other: Numbers, tolerance: Tolerance): boolean {
  if (one.length !== other.length) return false;
  let slack: number | undefined;
  for (let index = 0; index < one.length; index++) {
    const [a, b] = [one[index]!, other[index]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (typeof a !== 'number' || typeof b !== 'number') return false;
    slack ??= tolerance.ofLargest * Math.max(largest(one), largest(other));
    // Also false if one of them is NaN or infinite.
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
