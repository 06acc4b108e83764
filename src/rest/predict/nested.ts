import { elementCount, type Tensor, type TensorSpec } from '../../tensor/tensor';
import { encodeRows } from '../codec/json/data';
import type { Row } from '../codec/json/rows';
import { mismatch } from '../../inference/request/mismatch';
import { withText } from './base64';

/** Where something stands in the body, by its indexes in a tensor: `inputs.image[3][7]`. */
export type Where = (indexes: readonly number[]) => string;

/** How deep arrays are nested in `value`; Infinity when an empty one hides it. */
export function depthOf(value: unknown): number {
  let depth = 0;
  for (let inner = value; Array.isArray(inner); inner = inner[0]) {
    if (inner.length === 0) return Infinity;
    depth++;
  }
  return depth;
}

/** Whether `spec` is a column of a table, of shape [n,1]: its rows may be elements as they are, without their arrays. */
export function isColumn({ shape }: TensorSpec): boolean {
  return shape.length === 2 && shape[1] === 1;
}

/**
 * The tensor that `value` writes out: arrays nested as deep as `spec` has dimensions, a bare element for a scalar, and
 * for each row of a column if need be. Variable dimensions are as large as the first array of their depth; one below an empty array is 0.
 *
 * @param exact whether `value` comes from parseExactJson.
 * @throws invalid naming the place that does not fit; INEXACT when it has to be parsed exactly.
 */
export function nestedTensor(value: unknown, spec: TensorSpec, where: Where, exact: boolean): Tensor {
  if (isColumn(spec) && Array.isArray(value)) return columnTensor(value, spec, where, exact);
  const { name, datatype } = spec;
  const walk = new Walk(spec, where);
  if (spec.shape.length === 0) walk.rows.push([value]);
  else walk.visit(value);
  const shape = walk.dims.map((size) => Math.max(size, 0));
  const at = (row: number, item: number) =>
    where(shape.length === 0 ? [] : [...indexesOf(row, shape.slice(0, -1)), item]);
  const rows =
    datatype === 'BYTES'
      ? walk.rows.map((row, index) => withText(row, (item) => at(index, item)))
      : walk.rows;
  return { name, datatype, shape, data: encodeRows(rows, datatype, elementCount(shape), exact, at) };
}

function columnTensor(rows: Row, spec: TensorSpec, where: Where, exact: boolean): Tensor {
  const elements = rows.map((row) => (Array.isArray(row) && row.length === 1 ? (row[0] as unknown) : row));
  const isBare = (row: number) => elements[row] === rows[row];
  const place: Where = ([row]) => where(row === undefined ? [] : isBare(row) ? [row] : [row, 0]);
  const flat = nestedTensor(elements, { ...spec, shape: spec.shape.slice(0, 1) }, place, exact);
  return { ...flat, shape: [...flat.shape, 1] };
}

/** Collects the innermost arrays of a nested value, and holds every array to the size of its dimension. */
class Walk {
  readonly rows: Row[] = [];
  readonly dims: number[];
  private readonly indexes: number[] = [];

  constructor(
    private readonly spec: TensorSpec,
    private readonly where: Where,
  ) {
    this.dims = [...spec.shape];
  }

  visit(value: unknown): void {
    const level = this.indexes.length;
    if (!Array.isArray(value)) throw this.unfit('an array', value);
    if (this.dims[level] === -1) this.dims[level] = value.length;
    else if (value.length !== this.dims[level]) throw this.unfit(`an array of ${this.dims[level]}`, value);
    if (level === this.dims.length - 1) {
      this.rows.push(value);
      return;
    }
    for (let index = 0; index < value.length; index++) {
      this.indexes.push(index);
      this.visit(value[index]);
      this.indexes.pop();
    }
  }

  private unfit(expected: string, value: unknown) {
    const { shape, datatype } = this.spec;
    const isVariable = shape[this.indexes.length] === -1 && Array.isArray(value);
    const reason = isVariable ? 'like the one before it' : `for ${datatype} [${shape.join(',')}]`;
    return mismatch(this.where(this.indexes), `${expected} ${reason}`, value);
  }
}

/** The indexes of the `ordinal`th item of an array with these dimensions. */
function indexesOf(ordinal: number, dims: readonly number[]): number[] {
  const indexes: number[] = [];
  for (let axis = dims.length - 1, rest = ordinal; axis >= 0; axis--) {
    indexes.unshift(rest % dims[axis]!);
    rest = Math.floor(rest / dims[axis]!);
  }
  return indexes;
}
