import { paint } from './colours';
import { printable } from './printable';
import { table } from './table';

/** A tensor of a model, as the API describes it. */
export interface TableTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** A row of {@link versionTable}. */
export interface VersionRow {
  readonly model: string;
  readonly version: string;
  readonly state: string;
  readonly device?: string | undefined;
  readonly inputs?: readonly TableTensor[] | undefined;
  readonly outputs?: readonly TableTensor[] | undefined;
  /** Maximum number of rows of a run; undefined if unknown. */
  readonly batchRows?: number | undefined;
  /** Text of the last column. */
  readonly last?: string | undefined;
}

/** Width of the columns beside those of tensors, and limits of the width of those. */
const OTHERS_WIDTH = 64;
const LEAST_TENSORS = 16;
const MOST_TENSORS = 40;

/** Index of the last column. */
const LAST = 7;

/** A table of versions. @param last title of the last column. */
export function versionTable(versions: readonly VersionRow[], last: string): string {
  const rows = versions.map((row) => [
    printable(row.model),
    printable(row.version),
    paint(styleOf(row.state), printable(row.state)),
    printable(row.device ?? '-'),
    tensors(row.inputs),
    tensors(row.outputs),
    row.batchRows === undefined ? '-' : row.batchRows === 1 ? 'no' : `${row.batchRows} rows`,
    row.last ?? '-',
  ]);
  const header = ['MODEL', 'VERSION', 'STATE', 'DEVICE', 'INPUTS', 'OUTPUTS', 'BATCH', last];
  return table(header, rows, { right: [LAST] });
}

function styleOf(state: string) {
  if (state === 'READY') return 'good';
  return state === 'UNAVAILABLE' ? 'bad' : 'warning';
}

/** `specs` in short, cut to what fits the terminal. */
function tensors(specs: readonly TableTensor[] = []): string {
  const free = Math.floor(((process.stdout.columns || Infinity) - OTHERS_WIDTH) / 2);
  const limit = Math.max(LEAST_TENSORS, Math.min(MOST_TENSORS, free));
  const text = printable(specs.map(tensorText).join(' ')) || '-';
  return text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
}

/** A tensor in short: `image FP32[-1,8,8]`. */
export function tensorText({ name, datatype, shape }: TableTensor): string {
  return `${name} ${datatype}[${shape.join()}]`;
}
