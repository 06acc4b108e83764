import { errors } from '../../common/errors';
import { mismatch } from '../../common/mismatch';
import { MAX_TEXTS, type TaskInputName } from '../../tasks/task-tensors';
import { decodeStrings } from '../../tensor/elements';
import type { Tensor } from '../../tensor/tensor';
import { encodeRows } from '../../tensor/json/data';

/** Maximum number of characters, or of token ids, of a request that only uses a tokenizer: its response is encoded in one piece. */
export const MAX_TOKENIZER_LENGTH = 16_384;

/** Maximum number of texts whose response has many numbers for each. */
export const MAX_LARGE = 32;

/** Maximum number of token ids of a request, as in the API of OpenAI. */
const MAX_IDS = 300_000;

/** Maximum size of a query once it is repeated for each document, in bytes. */
const MAX_REPEATED_BYTES = 8 * 2 ** 20;

/** The texts of a request, as tensors or, if it contains token ids, as those. */
export interface Texts {
  readonly inputs: readonly Tensor[];
  /** Token ids of each text. `inputs` is empty then. */
  readonly ids?: readonly (readonly number[])[] | undefined;
}

/** The tensor `name` of `texts`, of which each must be a string. @throws NexusError invalid_input */
export function textTensor(
  name: TaskInputName,
  texts: readonly unknown[],
  pathOf: (index: number) => string,
): Tensor {
  const data = encodeRows([texts], 'BYTES', texts.length, false, (_row, index) => pathOf(index));
  return { name, datatype: 'BYTES', shape: [texts.length], data };
}

/** The texts of the tensor `name` in `tensors`. */
export function textsOf(tensors: readonly Tensor[], name: TaskInputName): string[] {
  return decodeStrings(tensors.find((tensor) => tensor.name === name)!.data);
}

/**
 * Requires an array of at least one and at most `limit` items.
 * @throws NexusError empty_input, invalid_input
 */
export function asItems(value: unknown, path: string, limit = MAX_TEXTS): readonly unknown[] {
  if (!Array.isArray(value)) throw mismatch(path, 'an array', value);
  if (value.length === 0) throw errors.emptyInput(path);
  if (value.length > limit) throw mismatch(path, `at most ${limit} items`, value);
  return value;
}

/**
 * Reads a text or an array of texts, or the token ids of one text or of several.
 * @throws NexusError empty_input, invalid_input
 */
export function readTexts(value: unknown, path: string, limit = MAX_TEXTS): Texts {
  if (typeof value === 'string') return { inputs: [textTensor('text', [value], () => path)] };
  if (!Array.isArray(value))
    throw mismatch(path, 'a string, an array of strings, or arrays of token ids', value);
  // The token ids of one text.
  if (typeof value[0] === 'number') return { inputs: [], ids: requireFew([asIds(value, path)], path) };
  const items = asItems(value, path, limit);
  const pathOf = (index: number) => `${path}[${index}]`;
  if (!Array.isArray(items[0])) return { inputs: [textTensor('text', items, pathOf)] };
  return {
    inputs: [],
    ids: requireFew(
      items.map((item, index) => asIds(item, pathOf(index))),
      path,
    ),
  };
}

/** The pairs of a query and each of `documents`, as tensors. */
export function readPairs(query: unknown, documents: readonly unknown[], pathOf: (index: number) => string) {
  if (typeof query !== 'string') throw mismatch('query', 'a string', query);
  if (Buffer.byteLength(query) * documents.length > MAX_REPEATED_BYTES)
    throw errors.invalidInput(
      `query: expected at most ${MAX_REPEATED_BYTES} bytes for the query times the number of documents; send fewer documents per request, or a shorter query`,
      'query',
    );
  const once = textTensor('text', [query], () => 'query');
  const rows = documents.length;
  // Copies the encoded query, which is much faster than to encode it for each document.
  const data = Buffer.allocUnsafeSlow(rows * once.data.byteLength).fill(once.data);
  return [{ ...once, shape: [rows], data }, textTensor('text_pair', documents, pathOf)];
}

/** @throws NexusError empty_input, invalid_input unless `value` is an array of token ids. */
export function asIds(value: unknown, path: string): readonly number[] {
  if (!Array.isArray(value)) throw mismatch(path, 'an array of token ids', value);
  if (value.length === 0) throw errors.emptyInput(path);
  const wrong = value.findIndex((id) => !Number.isSafeInteger(id) || (id as number) < 0);
  if (wrong >= 0) throw mismatch(`${path}[${wrong}]`, 'a token id', value[wrong]);
  return value as number[];
}

function requireFew(lists: readonly (readonly number[])[], path: string) {
  const count = lists.reduce((sum, { length }) => sum + length, 0);
  if (count <= MAX_IDS) return lists;
  throw errors.invalidInput(
    `${path}: expected at most ${MAX_IDS} token ids, got ${count}; send fewer per request`,
    path,
  );
}
