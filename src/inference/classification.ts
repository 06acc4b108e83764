import { errors } from '../common/errors';
import type { Servable } from '../models/model';
import { encodeStrings } from '../tensor/elements';
import type { Tensor } from '../tensor/tensor';
import { largest, type Score } from '../tensor/largest';
import { probabilitiesOf } from '../tensor/softmax';
import { typedView } from '../tensor/typed-arrays';
import type { OutputRequest } from './request/inference-request';

/** Maximum number of elements of an output to classify, which takes a few milliseconds. */
const MAX_ELEMENTS = 100_000;

/** Datatypes whose elements can be ordered. */
const ORDERED = new Set([
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP32',
  'FP64',
]);

/**
 * The `count` largest elements of each row of `output`, largest first, in the format of the classification extension:
 * BYTES of `value:index`, or `value:index:label` with labels. Equal elements are ordered by index, NaN is last.
 *
 * @param rows number of rows of the output; undefined if it is a single row.
 * @param isLogits whether to return probabilities (softmax of the row) instead of the elements.
 * @throws NexusError invalid_input if the datatype has no order, or the output has more than 100,000 elements.
 */
export function classify(
  output: Tensor,
  count: number,
  rows: number | undefined,
  labels: readonly string[] | undefined,
  isLogits = false,
): Tensor {
  const { name, datatype, data } = output;
  if (!ORDERED.has(datatype)) throw unfit(name, `its elements are ${datatype}, which have no order`);
  const scores = typedView(data, datatype as 'FP32');
  if (scores.length > MAX_ELEMENTS)
    throw unfit(name, `it has ${scores.length} elements, but the limit is ${MAX_ELEMENTS}`);
  const columns = scores.length / (rows ?? 1) || 0;
  const returned = Math.min(count, columns);
  const isWhole = !datatype.startsWith('FP');
  const texts: string[] = [];
  for (let row = 0; row < (rows ?? 1); row++) {
    const start = row * columns;
    const vector = scores.subarray(start, start + columns);
    const best = largest(vector, returned);
    const values: ArrayLike<Score> = isLogits
      ? probabilitiesOf(vector, best)
      : best.map((index) => vector[index] as Score);
    for (const [rank, index] of best.entries()) {
      const value = values[rank]!;
      const label = labels?.[index];
      const text = isWhole ? String(value) : withDecimals(value as number);
      texts.push(label === undefined ? `${text}:${index}` : `${text}:${index}:${label}`);
    }
  }
  return {
    name,
    datatype: 'BYTES',
    shape: rows === undefined ? [returned] : [rows, returned],
    data: encodeStrings([texts]),
  };
}

/** Formats a float as C does, with six decimals regardless of its size. */
function withDecimals(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

function unfit(name: string, reason: string) {
  return errors.invalidInput(
    `cannot classify output '${name}': ${reason}; request the output itself`,
    `outputs.${name}`,
  );
}

/**
 * `outputs`, classified where `requested`, in the same order, asks for it.
 * @throws NexusError invalid_input
 */
export function classified(
  outputs: readonly Tensor[],
  requested: readonly OutputRequest[],
  rows: number,
  { signature }: Servable,
): readonly Tensor[] {
  if (requested.every(({ classes }) => classes === undefined)) return outputs;
  return outputs.map((output, index) => {
    const count = requested[index]!.classes;
    if (count === undefined) return output;
    const { batches, labels, softmax } = signature;
    const isLogits = softmax.includes(output.name);
    return classify(output, count, batches ? rows : undefined, labels[output.name], isLogits);
  });
}
