import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OutputDifference } from './shadow-statistics';
import type { Shape, Tensor } from '../../tensor/tensor';
import { largest, type Score } from '../../tensor/largest';
import { typedView } from '../../tensor/typed-arrays';

/** Elements to compare per turn of the event loop, which takes a few hundred microseconds. */
const ELEMENTS_PER_TURN = 16_384;

/**
 * The difference between each of `outputs` and the output of `others` at the same index. Yields to the event loop between
 * blocks of elements, and between rows when labels are compared.
 *
 * @param labels class names by output. For outputs with labels, the largest element of each row is compared as well.
 */
export async function compareOutputs(
  outputs: readonly Tensor[],
  others: readonly Tensor[],
  labels: Readonly<Record<string, readonly string[]>>,
): Promise<OutputDifference[]> {
  const differences: OutputDifference[] = [];
  for (const [index, output] of outputs.entries())
    differences.push(await compare(output, others[index]!, Object.hasOwn(labels, output.name)));
  return differences;
}

async function compare(output: Tensor, other: Tensor, hasLabels: boolean): Promise<OutputDifference> {
  const { name, datatype, shape } = output;
  if (datatype !== other.datatype || !isSame(shape, other.shape))
    return { name, largest: Infinity, labels: undefined };
  const isText = datatype === 'BYTES';
  const [one, two] = [output, other].map(({ data }) =>
    typedView(data, isText ? 'UINT8' : (datatype as 'FP32')),
  );
  const distance = one!.length === two!.length ? await largestDifference(one!, two!) : Infinity;
  return {
    name,
    // Strings are either equal or not comparable.
    largest: isText && distance > 0 ? Infinity : distance,
    labels: hasLabels && !isText ? await compareLabels(one!, two!, shape.at(-1) ?? 1) : undefined,
  };
}

async function largestDifference(one: ArrayLike<Score>, other: ArrayLike<Score>): Promise<number> {
  let distance = 0;
  for (let index = 0; index < one.length; index++) {
    if (index % ELEMENTS_PER_TURN === ELEMENTS_PER_TURN - 1) await nextTurn();
    distance = Math.max(distance, difference(one[index]!, other[index]!));
  }
  return distance;
}

/** Infinity if either is NaN or infinite and they are not identical. */
function difference(one: Score, other: Score): number {
  if (Object.is(one, other)) return 0;
  // Subtracted before rounding to numbers, because two large integers may differ by 1.
  if (typeof one === 'bigint') return Math.abs(Number(one - (other as bigint)));
  const distance = Math.abs(one - (other as number));
  return Number.isNaN(distance) ? Infinity : distance;
}

async function compareLabels(one: TypedElements, other: TypedElements, columns: number) {
  const rows = one.length / columns || 0;
  const rowsPerTurn = Math.ceil(ELEMENTS_PER_TURN / columns);
  let same = 0;
  for (let row = 0; row < rows; row++) {
    if (row % rowsPerTurn === rowsPerTurn - 1) await nextTurn();
    const [start, end] = [row * columns, (row + 1) * columns];
    const [mine, its] = [one, other].map((scores) => largest(scores.subarray(start, end), 1)[0]);
    if (mine === its) same++;
  }
  return { rows, same };
}

type TypedElements = ReturnType<typeof typedView>;

function isSame(one: Shape, other: Shape): boolean {
  return one.length === other.length && one.every((dimension, axis) => dimension === other[axis]);
}
