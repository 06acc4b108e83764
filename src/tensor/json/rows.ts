import { errors } from '../../common/errors';
import { mismatch } from '../../common/mismatch';

/** An innermost array of a tensor in JSON, which contains only elements. */
export type Row = readonly unknown[];

/** Maximum nesting of `data`: the maximum number of dimensions plus one. */
const MAX_DEPTH = 33;

/**
 * The innermost arrays of nested `data` in row-major order; flat data is one row. An array counts as innermost
 * unless its first item is an array.
 *
 * @throws invalid if `data` is not an array, mixes arrays with elements, or is nested deeper than 33 levels.
 */
export function innermostArrays(data: unknown, path: string): readonly Row[] {
  if (!Array.isArray(data)) throw mismatch(path, 'an array', data);
  if (!Array.isArray(data[0])) return [data];
  const rows: Row[] = [];
  collect(data, path, 1, rows);
  return rows;
}

function collect(data: readonly unknown[], path: string, depth: number, rows: Row[]): void {
  if (depth > MAX_DEPTH) {
    throw errors.invalidInput(
      `${path}: expected flat data or data nested like its shape, got more than ${MAX_DEPTH} levels`,
      path,
    );
  }
  if (!Array.isArray(data[0])) {
    rows.push(data);
    return;
  }
  for (const item of data) {
    if (!Array.isArray(item)) throw mismatch(path, 'an array like the items before it', item);
    collect(item, path, depth + 1, rows);
  }
}

/** The path of `row` in nested `data`, for example `[0][3]`; empty for flat data. */
export function locate(data: unknown, row: Row): string | undefined {
  if (data === row) return '';
  if (!Array.isArray(data)) return undefined;
  for (const [index, item] of data.entries()) {
    const rest = locate(item, row);
    if (rest !== undefined) return `[${index}]${rest}`;
  }
  return undefined;
}
