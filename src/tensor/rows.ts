import { skipElements } from './elements';
import { ELEMENT_BYTES, elementCount, type Tensor } from './tensor';

/** Returns `rows` rows of `tensor`, starting at row `first`, as a view of the same bytes. */
export function sliceRows(tensor: Tensor, first: number, rows: number): Tensor {
  const [start, end] =
    tensor.datatype === 'BYTES' ? textRange(tensor, first, rows) : fixedRange(tensor, first, rows);
  const { name, datatype, shape, data } = tensor;
  return { name, datatype, shape: [rows, ...shape.slice(1)], data: data.subarray(start, end) };
}

/** Concatenates `pieces`, which differ only in their number of rows. */
export function joinRows(pieces: readonly Tensor[]): Tensor {
  const [first] = pieces as [Tensor];
  const rows = pieces.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return {
    ...first,
    shape: [rows, ...first.shape.slice(1)],
    data: Buffer.concat(pieces.map(({ data }) => data)),
  };
}

/**
 * Concatenates `rows`, each [1, n, ...] with any n of at least its number in `lengths`. The result is [rows, longest, ...]:
 * dimension 1 is trimmed to `lengths` and filled with zeros.
 */
export function padRows(rows: readonly Tensor[], lengths: readonly number[]): Tensor {
  const [first] = rows as [Tensor];
  const inner = first.shape.slice(2);
  const step = elementCount(inner) * ELEMENT_BYTES[first.datatype];
  const longest = Math.max(...lengths);
  const data = new Uint8Array(rows.length * longest * step);
  for (const [row, { data: bytes }] of rows.entries())
    data.set(bytes.subarray(0, lengths[row]! * step), row * longest * step);
  return { ...first, shape: [rows.length, longest, ...inner], data };
}

function fixedRange({ datatype, shape }: Tensor, first: number, rows: number): [number, number] {
  const rowBytes = elementCount(shape.slice(1)) * ELEMENT_BYTES[datatype];
  return [first * rowBytes, (first + rows) * rowBytes];
}

/** BYTES elements have no fixed size, so this reads the length of each element. */
function textRange({ shape, data }: Tensor, first: number, rows: number): [number, number] {
  const perRow = elementCount(shape.slice(1));
  const start = skipElements(data, 0, first * perRow);
  return [start, skipElements(data, start, rows * perRow)];
}
