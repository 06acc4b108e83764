import { errors } from '../common/errors';
import { encodeStrings } from '../tensor/elements';
import type { Tensor } from '../tensor/tensor';
import { largest, type Score } from '../tensor/largest';
import { probabilitiesOf } from '../tensor/softmax';
import { typedView } from '../tensor/typed-arrays';

/** Most elements of an output that is classified: some milliseconds of work. */
const MAX_ELEMENTS = 100_000;

/** Datatypes whose elements have an order that a client would expect. */
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
 * The `count` largest elements of each row of `output`, largest first, as the classification extension has them: BYTES
 * of `value:index`, or `value:index:label` where there are labels. Equal ones are in the order of their indexes, NaN is
 * last.
 *
 * @param rows rows of the output; undefined when all of it is one.
 * @param isLogits whether the values told are the probabilities that the elements stand for (softmax of their row).
 * @throws NexusError invalid_input when the datatype has no order, or there are more than 100,000 elements.
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
    throw unfit(name, `it has ${scores.length} elements, and at most ${MAX_ELEMENTS} are classified`);
  const columns = scores.length / (rows ?? 1) || 0;
  const taken = Math.min(count, columns);
  const isWhole = !datatype.startsWith('FP');
  const texts: string[] = [];
  for (let row = 0; row < (rows ?? 1); row++) {
    const start = row * columns;
    const vector = scores.subarray(start, start + columns);
    const best = largest(vector, taken);
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
    shape: rows === undefined ? [taken] : [rows, taken],
    data: encodeStrings([texts]),
  };
}

/** As C prints a float: six decimals, however large it is. */
function withDecimals(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

function unfit(name: string, reason: string) {
  return errors.invalidInput(
    `output '${name}' cannot be classified: ${reason}; ask for the output itself`,
    `outputs.${name}`,
  );
}
