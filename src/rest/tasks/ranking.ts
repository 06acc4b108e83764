import type { Tensor } from '../../tensor/tensor';
import { jsonFloats, type JsonElement } from '../../tensor/json/json-data';
import { asWhole, modelOf, optional, type Members } from './members';
import { taskRequest, type TaskRequest } from './task-dialect';
import { readPairs } from './texts';
import { rowsOf } from './vectors';

/**
 * The request of the APIs of Cohere and Jina for the scores of `documents` for the query in `body`.
 * @throws NexusError invalid_input
 */
export function rankingRequest(body: Members, documents: readonly unknown[]): TaskRequest {
  const inputs = readPairs(body['query'], documents, (index) => `documents[${index}]`);
  const maxTokens = optional(body, 'max_tokens_per_doc', asWhole(1));
  return taskRequest(modelOf(body), { inputs }, ['scores', 'tokens'], { maxTokens });
}

/** A document of a ranking: its index in the request and its score. */
export interface Ranked {
  readonly index: number;
  readonly score: JsonElement;
}

/** The first `count` documents by score, highest first, and by index where scores are equal. `scores` is FP32 [rows, 1]. */
export function ranked(scores: Tensor, count = Infinity): Ranked[] {
  const values = firstScores(scores);
  const order = Array.from(values.keys()).toSorted((one, other) => rank(values, other) - rank(values, one));
  const shown = jsonFloats(values);
  return order.slice(0, count).map((index) => ({ index, score: shown[index]! }));
}

/** The first score of each row of an output FP32 [rows, classes]. */
export function firstScores(scores: Tensor): Float32Array {
  return Float32Array.from(rowsOf(scores), ([first]) => first!);
}

/** NaN, which compares with nothing, is last. */
function rank(values: Float32Array, index: number): number {
  const value = values[index]!;
  return Number.isNaN(value) ? -Number.MAX_VALUE : value;
}
