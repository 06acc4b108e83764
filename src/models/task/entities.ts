import { typedView } from '../../tensor/typed-arrays';
import type { Tensor } from '../../tensor/tensor';

/** A part of a text that a model has classified. */
export interface Entity {
  /** Its class, without the prefix B- or I-. */
  readonly entity: string;
  /** Mean score of its tokens. */
  readonly score: number;
  /** Place in the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The class of tokens outside of entities. */
const OUTSIDE = 'O';

interface Open {
  readonly entity: string;
  readonly start: number;
  end: number;
  sum: number;
  count: number;
}

/**
 * Joins the tokens of `text` to entities. Neighbouring tokens of one class are one entity, unless the label of the second
 * has the prefix B-. A token that continues a word belongs to the entity of the word's first token.
 *
 * @param offsets start and end of each token; equal for special tokens.
 * @param labels INT64 [1, tokens]: the index of the best class of each token.
 * @param scores FP32 [1, tokens]: its score.
 * @param names of the classes.
 */
export function entitiesOf(
  text: string,
  offsets: Int32Array,
  labels: Tensor,
  scores: Tensor,
  names: readonly string[],
): Entity[] {
  const best = typedView(labels.data, 'INT64') as BigInt64Array;
  const certainty = typedView(scores.data, 'FP32') as Float32Array;
  const found: Open[] = [];
  let open: Open | undefined;
  let wordEnd = -1;
  for (let token = 0; token < offsets.length / 2; token++) {
    const end = offsets[2 * token + 1]!;
    const start = withoutSpace(text, offsets[2 * token]!, end);
    if (start === end) continue;
    const continuesWord = start === wordEnd && continuesWordAt(text, start);
    wordEnd = end;
    const label = names[Number(best[token])] ?? `LABEL_${best[token]}`;
    if (continuesWord) {
      if (open !== undefined && open.end === start) open.end = end;
      continue;
    }
    const [, prefix, entity = label] = /^([BI])-(.*)$/s.exec(label) ?? [];
    if (label === OUTSIDE) open = undefined;
    else if (open === undefined || open.entity !== entity || prefix === 'B')
      found.push((open = { entity, start, end, sum: certainty[token]!, count: 1 }));
    else {
      open.end = end;
      open.sum += certainty[token]!;
      open.count++;
    }
  }
  return found.map(({ entity, start, end, sum, count }) => ({
    entity,
    score: sum / count,
    start,
    end,
    text: text.slice(start, end),
  }));
}

/** The start of a token without white space before it, which the tokens of some vocabularies begin with. */
function withoutSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && /\s/.test(text[at]!)) at++;
  return at;
}

/** Whether a token that starts at `start` directly behind another continues its word: it splits two word characters. */
function continuesWordAt(text: string, start: number): boolean {
  return (
    /^[\p{L}\p{N}\p{M}]/u.test(text.slice(start, start + 2)) &&
    /[\p{L}\p{N}\p{M}]$/u.test(text.slice(Math.max(0, start - 2), start))
  );
}
