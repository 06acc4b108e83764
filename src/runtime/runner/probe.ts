import { Tensor as OrtTensor } from 'onnxruntime-node';
import { ELEMENT_BYTES, elementCount, type TensorSpec } from '../tensor';
import { elementTypeOf, viewOf } from './onnx-types';

type Run = (
  feeds: Record<string, OrtTensor>,
  outputs: readonly string[],
) => Promise<Record<string, OrtTensor>>;

/** Size given to variable dimensions other than the first. */
const PROBE_SIZE = 4;

/** Rows tried alone and together. */
const ROWS = [0, 1, 2];

/** Largest relative difference between a row run alone and the same row in company, beyond which rows are not independent. */
const TOLERANCE = 1e-3;

/**
 * Whether rows of several requests may share a run: '' when they may, otherwise why not. A variable first
 * dimension is only a hint (a detector's number of boxes has one too), so three rows are run alone and together:
 * every output must have one row a row, with the same numbers.
 *
 * @param symbols first-dimension symbols of all inputs, then all outputs; undefined where it is fixed.
 */
export async function whyUnbatchable(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  symbols: readonly (string | undefined)[],
  run: Run,
): Promise<string> {
  const specs = [...inputs, ...outputs];
  const fixed = specs.find((_, index) => symbols[index] === undefined);
  if (fixed !== undefined) return `'${fixed.name}' has no variable first dimension`;
  if (inputs.length === 0) return 'it has no inputs';
  const names = outputs.map(({ name }) => name);
  try {
    const together = await run(feedsOf(inputs, ROWS), names);
    const alone: Record<string, OrtTensor>[] = [];
    for (const row of ROWS) alone.push(await run(feedsOf(inputs, [row]), names));
    const mixed = names.find(
      (name) =>
        !rowsAgree(
          together[name]!,
          alone.map((outcome) => outcome[name]!),
        ),
    );
    return mixed === undefined ? '' : `the rows of output '${mixed}' depend on each other`;
  } catch {
    // The made-up numbers do not suit the model; then only equal names of the dimension say that it is the batch.
    const named = symbols[0] !== '' && symbols.every((symbol) => symbol === symbols[0]);
    return named ? '' : 'its first dimensions have different names, and a trial run failed';
  }
}

function feedsOf(inputs: readonly TensorSpec[], rows: readonly number[]): Record<string, OrtTensor> {
  return Object.fromEntries(inputs.map((spec) => [spec.name, probeTensor(spec, rows)]));
}

function probeTensor({ datatype, shape }: TensorSpec, rows: readonly number[]): OrtTensor {
  const rowShape = shape.slice(1).map((dim) => (dim < 0 ? PROBE_SIZE : dim));
  const dims = [rows.length, ...rowShape];
  const perRow = elementCount(rowShape);
  const type = elementTypeOf(datatype);
  const bytes = new ArrayBuffer(rows.length * perRow * ELEMENT_BYTES[datatype]);
  const data = (viewOf(type, bytes, 0, bytes.byteLength) ?? []) as unknown[];
  for (let index = 0; index < rows.length * perRow; index++) {
    const bit = madeUp(rows[Math.floor(index / perRow)]!, index % perRow);
    data[index] = type === 'string' ? (bit === 0 ? 'a' : 'b c') : type.endsWith('int64') ? BigInt(bit) : bit;
  }
  return new OrtTensor(type as 'string', data as string[], dims);
}

/** 0 or 1, valid as an index, a mask and a number; 1, 0, 1 down the rows of the first column. */
function madeUp(row: number, index: number): number {
  return (((index * 7 + (index >> 2) + 1) % 3) % 2) ^ (row % 2);
}

function rowsAgree(together: OrtTensor, alone: readonly OrtTensor[]): boolean {
  if (together.dims[0] !== alone.length) return false;
  const values = together.data as ArrayLike<unknown>;
  const perRow = values.length / alone.length;
  return alone.every((row, index) => {
    const own = row.data as ArrayLike<unknown>;
    return row.dims[0] === 1 && own.length === perRow && agree(own, values, index * perRow);
  });
}

function agree(row: ArrayLike<unknown>, values: ArrayLike<unknown>, start: number): boolean {
  for (let index = 0; index < row.length; index++) {
    if (!close(row[index], values[start + index])) return false;
  }
  return true;
}

function close(one: unknown, other: unknown): boolean {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other;
  return (
    Object.is(one, other) || Math.abs(one - other) <= TOLERANCE * Math.max(1, Math.abs(one), Math.abs(other))
  );
}
