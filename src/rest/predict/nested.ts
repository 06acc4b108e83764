import { elementCount, type Tensor, type TensorSpec } from '../../tensor/tensor';
import { encodeRows } from '../../tensor/json/data';
import type { Numbers } from '../../tensor/json/number-scanner';
import type { Row } from '../../tensor/json/rows';
import { UNUSUAL, UnreadNumbers } from '../../tensor/json/unread-numbers';
import { mismatch } from '../../common/mismatch';
import { withPictures, withText } from './base64';

/** Returns the path in the body for indexes in a tensor, for example `inputs.image[3][7]`. */
export type Where = (indexes: readonly number[]) => string;

/** The depth of nested arrays in `value`; Infinity if an empty array hides it. */
export function depthOf(value: unknown): number {
  if (value instanceof UnreadNumbers) return value.depth;
  let depth = 0;
  for (let inner = value; Array.isArray(inner); inner = inner[0]) {
    if (inner.length === 0) return Infinity;
    depth++;
  }
  return depth;
}

/** Whether `spec` is a column of shape [n,1], whose rows may be elements without their arrays. */
export function isColumn({ shape }: TensorSpec): boolean {
  return shape.length === 2 && shape[1] === 1;
}

/**
 * Converts nested arrays to a tensor. The depth of `value` must equal the number of dimensions of `spec`; a scalar, and
 * optionally each row of a column, is an element without an array. The size of a variable dimension is the length of
 * the first array at its depth, or 0 below an empty array.
 *
 * @param exact whether `value` comes from parseExactJson.
 * @throws invalid with the path of the mismatch; INEXACT if the JSON must be parsed exactly.
 */
export function nestedTensor(value: unknown, spec: TensorSpec, where: Where, exact: boolean): Tensor {
  if (isColumn(spec) && Array.isArray(value)) return columnTensor(value, spec, where, exact);
  // The elements of a column may or may not be in arrays.
  if (isColumn(spec) && value instanceof UnreadNumbers) throw UNUSUAL;
  const { name, datatype, content } = spec;
  const walk = new Walk(spec, where);
  if (spec.shape.length === 0) walk.rows.push([value]);
  else walk.visit(value);
  const shape = walk.dims.map((size) => Math.max(size, 0));
  const at = (row: number, item: number) =>
    where(shape.length === 0 ? [] : [...indexesOf(row, shape.slice(0, -1)), item]);
  let { rows } = walk;
  if (content === 'picture') rows = (rows as Row[]).map(withPictures);
  else if (datatype === 'BYTES')
    rows = (rows as Row[]).map((row, index) => withText(row, (item) => at(index, item)));
  return { name, datatype, shape, data: encodeRows(rows, datatype, elementCount(shape), exact, at) };
}

function columnTensor(rows: Row, spec: TensorSpec, where: Where, exact: boolean): Tensor {
  const elements = rows.map((row) => (Array.isArray(row) && row.length === 1 ? (row[0] as unknown) : row));
  const isBare = (row: number) => elements[row] === rows[row];
  const place: Where = ([row]) => where(row === undefined ? [] : isBare(row) ? [row] : [row, 0]);
  const flat = nestedTensor(elements, { ...spec, shape: spec.shape.slice(0, 1) }, place, exact);
  return { ...flat, shape: [...flat.shape, 1] };
}

/** Collects the innermost arrays of a nested value, and checks the length of every array. */
class Walk {
  readonly rows: (Row | Numbers)[] = [];
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
    if (value instanceof UnreadNumbers) {
      this.rows.push(this.numbers(value, level));
      return;
    }
    if (!Array.isArray(value)) throw this.shapeError('an array', value);
    if (this.dims[level] === -1) this.dims[level] = value.length;
    else if (value.length !== this.dims[level])
      throw this.shapeError(`an array of ${this.dims[level]}`, value);
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

  /** Reads `numbers`, which begin at `level`. @throws UNUSUAL if they do not have the shape. */
  private numbers(numbers: UnreadNumbers, level: number): Numbers {
    const { dims } = this;
    const expected = dims.slice(level).reduce((count, size) => count * Math.max(size, 1), 1);
    const { shape, values } = numbers.read(this.spec.datatype, expected);
    if (shape.length !== dims.length - level) throw UNUSUAL;
    for (const [index, size] of shape.entries()) {
      if (dims[level + index] === -1) dims[level + index] = size;
      else if (dims[level + index] !== size) throw UNUSUAL;
    }
    return values;
  }

  private shapeError(expected: string, value: unknown) {
    const { shape, datatype } = this.spec;
    const isVariable = shape[this.indexes.length] === -1 && Array.isArray(value);
    const reason = isVariable ? 'like the one before it' : `for ${datatype} [${shape.join(',')}]`;
    return mismatch(this.where(this.indexes), `${expected} ${reason}`, value);
  }
}

/** The indexes of the item with this ordinal in an array with these dimensions. */
function indexesOf(ordinal: number, dims: readonly number[]): number[] {
  const indexes: number[] = [];
  for (let axis = dims.length - 1, rest = ordinal; axis >= 0; axis--) {
    indexes.unshift(rest % dims[axis]!);
    rest = Math.floor(rest / dims[axis]!);
  }
  return indexes;
}
