import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OutputDifference } from './shadow-statistics';
import type { Shape, Tensor } from '../../tensor/tensor';
import { largest, type Score } from '../../tensor/largest';
import { typedView } from '../../tensor/typed-arrays';

/** This many elements are compared in some hundred microseconds; then others have their turn. */
const ELEMENTS_A_TURN = 16_384;

/**
 * How far each of `outputs` is from that of `others` in the same place. Others have their turns of the event loop meanwhile:
 * between some thousand elements, and between rows where labels are compared.
 *
 * @param labels names of classes by output: where there are some, the largest element of each row is compared as well.
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
  const apart = one!.length === two!.length ? await largestDifference(one!, two!) : Infinity;
  return {
    name,
    // Text is the same or not.
    largest: isText && apart > 0 ? Infinity : apart,
    labels: hasLabels && !isText ? await compareLabels(one!, two!, shape.at(-1) ?? 1) : undefined,
  };
}

async function largestDifference(one: ArrayLike<Score>, other: ArrayLike<Score>): Promise<number> {
  let apart = 0;
  for (let index = 0; index < one.length; index++) {
    if (index % ELEMENTS_A_TURN === ELEMENTS_A_TURN - 1) await nextTurn();
    apart = Math.max(apart, difference(one[index]!, other[index]!));
  }
  return apart;
}

/** Infinity where one of them is no number, or infinite, and the other is not the same. */
function difference(one: Score, other: Score): number {
  if (Object.is(one, other)) return 0;
  // Before they are rounded to numbers: the difference of two large integers may be 1.
  if (typeof one === 'bigint') return Math.abs(Number(one - (other as bigint)));
  const apart = Math.abs(one - (other as number));
  return Number.isNaN(apart) ? Infinity : apart;
}

async function compareLabels(one: TypedElements, other: TypedElements, columns: number) {
  const rows = one.length / columns || 0;
  const rowsATurn = Math.ceil(ELEMENTS_A_TURN / columns);
  let same = 0;
  for (let row = 0; row < rows; row++) {
    if (row % rowsATurn === rowsATurn - 1) await nextTurn();
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
