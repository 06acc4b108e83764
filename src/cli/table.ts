import { stripVTControlCharacters } from 'node:util';
import { paint } from './colours';

/** Settings of a table. */
export interface TableStyle {
  /** Columns whose cells are aligned at the right, by index: numbers. */
  readonly right?: readonly number[];
  /** Text before each row. */
  readonly indent?: string;
}

/**
 * Returns `rows` as aligned columns below `header`, without a line break at the end. Cells may contain colours, which take no
 * width. Columns are separated by two spaces, so that scripts can split rows.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [], indent = '' }: TableStyle = {},
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    (
      indent +
      cells
        .map((cell, column) => {
          const space = ' '.repeat(widths[column]! - widthOf(cell));
          return right.includes(column) ? space + cell : cell + space;
        })
        .join('  ')
    ).trimEnd();
  return [line(header.map((title) => paint('heading', title))), ...rows.map(line)].join('\n');
}

/** Number of columns that `text` takes on a terminal, without its colours. */
function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
