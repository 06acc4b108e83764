import type { TruncationSide } from '../task-definition';
import type { IndexRange } from './pieces';

/**
 * The tokens to remove so that `maxTokens` remain, as the reference library does with the strategies longest_first for
 * one text and only_second for a pair. Special tokens stay.
 *
 * The reference truncates before it adds special tokens. Their number does not depend on the text, so that removing
 * tokens of the text afterwards gives the same ids and types, and needs no state in the tokenizer. Offsets are the same
 * too, but for a byte-level text cut on the left with `add_prefix_space`: the reference then counts the space before the
 * first token to it.
 *
 * @param sequences the index of the text of each token; null for special tokens. More than `maxTokens` elements.
 * @param target the text to cut: 0, or 1 for the second of a pair.
 * @returns undefined if the text has too few tokens. A second text must keep at least one.
 */
export function removalOf(
  sequences: readonly (number | null | undefined)[],
  target: 0 | 1,
  maxTokens: number,
  side: TruncationSide,
): IndexRange | undefined {
  const excess = sequences.length - maxTokens;
  const start = sequences.indexOf(target);
  const end = sequences.lastIndexOf(target) + 1;
  const size = start === -1 ? 0 : end - start;
  if (excess > size - target) return undefined;
  return side === 'right' ? { start: end - excess, end } : { start, end: start + excess };
}
