import type { ConsoleModel } from '../../console/console.dto';
import { paint, type Style } from '../colours';
import { figure, sizeText } from '../numbers';
import { printable } from '../printable';

/** A column of the table. */
export interface Column {
  readonly title: string;
  /** Text of a cell, without colours. */
  text(model: ConsoleModel): string;
  /** Key that rows are sorted by: numbers in descending order, texts in ascending order. */
  value(model: ConsoleModel): number | string;
  style?(model: ConsoleModel): Style | undefined;
  readonly isRight: boolean;
  /** On a terminal that is too narrow, columns with higher numbers are left out first. */
  readonly rank: number;
}

const STATE_STYLES: Readonly<Record<ConsoleModel['state'], Style>> = {
  READY: 'good',
  LOADING: 'warning',
  UNLOADING: 'warning',
  UNAVAILABLE: 'bad',
};

/** The columns, from left to right. */
export const COLUMNS: readonly Column[] = [
  { title: 'MODEL', text: ({ model }) => printable(model), value: nameOf, isRight: false, rank: 0 },
  { title: 'VERSION', text: ({ version }) => printable(version), value: nameOf, isRight: true, rank: 5 },
  {
    title: 'STATE',
    text: ({ state }) => printable(state),
    value: ({ state }) => state,
    style: ({ state }) => STATE_STYLES[state],
    isRight: false,
    rank: 1,
  },
  numeric('REQ/S', 2, ({ requests_per_s: rate }) => rate, decimals),
  {
    ...numeric('ERR/S', 3, ({ errors_per_s: rate }) => rate, decimals),
    style: ({ errors_per_s: rate }) => (rate > 0 ? 'bad' : undefined),
  },
  numeric('P50 MS', 7, ({ latency }) => latency?.p50, decimals),
  numeric('P95 MS', 8, ({ latency }) => latency?.p95, decimals),
  numeric('P99 MS', 4, ({ latency }) => latency?.p99, decimals),
  numeric('QUEUE', 6, ({ queue_requests: queued }) => queued, String),
  numeric('BATCH', 10, ({ batch_rows: rows }) => rows, decimals),
  numeric(
    'CACHE',
    11,
    ({ cache_hits: hits }) => hits,
    (hits) => `${Math.round(hits * 100)} %`,
  ),
  numeric('MEMORY', 9, ({ memory_bytes: bytes }) => bytes, sizeText),
  { title: 'DEVICE', text: deviceOf, value: deviceOf, isRight: false, rank: 12 },
];

/** A column of numbers. Unknown numbers are shown as a dash. */
function numeric(
  title: string,
  rank: number,
  value: (model: ConsoleModel) => number | undefined,
  show: (value: number) => string,
): Column {
  return {
    title,
    rank,
    isRight: true,
    value: (model) => value(model) ?? -1,
    text: (model) => {
      const known = value(model);
      return known === undefined ? '-' : show(known);
    },
  };
}

function nameOf({ model, version }: ConsoleModel): string {
  // A separator that is less than all characters of names.
  return `${model}\0${version.padStart(10, '0')}`;
}

function deviceOf({ device, platform }: ConsoleModel): string {
  if (platform === 'onnxruntime_onnx') return printable(device ?? '-');
  return platform === 'ensemble' ? 'pipeline' : 'remote';
}

/** `models` in the order of `column`, by name where that is equal; `isReversed` turns it around. */
export function sorted(models: readonly ConsoleModel[], column: Column, isReversed: boolean): ConsoleModel[] {
  const sign = isReversed ? -1 : 1;
  return models.toSorted((one, other) => {
    const [left, right] = [column.value(one), column.value(other)];
    const order = typeof left === 'number' ? Number(right) - left : compare(left, String(right));
    return order === 0 ? compare(nameOf(one), nameOf(other)) : sign * order;
  });
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A cell of `column` in its colour. */
export function painted(column: Column, model: ConsoleModel, text: string): string {
  const style = column.style?.(model);
  return style === undefined ? text : paint(style, text);
}

/** `value` in about three figures. */
export function decimals(value: number): string {
  return value === 0 ? '0' : figure(value);
}
