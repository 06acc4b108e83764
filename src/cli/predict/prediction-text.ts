import { paint } from '../colours';
import { printable } from '../printable';

/** The response of `POST /v1/models/{model}/predict`. */
export interface Prediction {
  readonly model: string;
  readonly version: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly predictions?: readonly Readonly<Record<string, unknown>>[];
  readonly classes?: Readonly<Record<string, unknown>>;
}

/** A class of an output, by label, or by index if the output has no labels. */
interface Ranked {
  readonly label?: string;
  readonly index?: number;
  readonly score: number;
}

const BAR_WIDTH = 30;

/** Longer outputs are cut. */
const MOST_NUMBERS = 8;
const LONGEST_TEXT = 200;

/**
 * `prediction` for people.
 * @param rows name of each row, if the request had several; empty otherwise.
 * @param tookMs time from request to response, in milliseconds.
 */
export function predictionText(prediction: Prediction, rows: readonly string[], tookMs: number): string {
  const { model, version, predictions } = prediction;
  const count = predictions?.length ?? rows.length;
  const title = `${paint('heading', printable(`${model}/${version}`))} ${paint('quiet', `${tookMs.toFixed(1)} ms`)}`;
  if (count === 0)
    return [title, ...outputLines(prediction.outputs ?? {}, prediction.classes ?? {})].join('\n');
  const parts = Array.from({ length: count }, (_, row) => [
    '',
    paint('heading', printable(rows[row] ?? `row ${row}`)),
    ...outputLines(predictions?.[row] ?? rowOf(prediction.outputs, row), rowOf(prediction.classes, row)),
  ]);
  return [title, ...parts.flat()].join('\n');
}

/** Row `row` of every column. */
function rowOf(
  columns: Readonly<Record<string, unknown>> = {},
  row: number,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, rows]) => [name, (rows as readonly unknown[])[row]]),
  );
}

function outputLines(
  outputs: Readonly<Record<string, unknown>>,
  classes: Readonly<Record<string, unknown>>,
): string[] {
  const width = Math.max(0, ...Object.keys(outputs).map((name) => name.length));
  return Object.entries(outputs).flatMap(([name, value]) => {
    const ranked = classes[name];
    const lines = isRanking(ranked) ? barLines(ranked) : [valueText(value)];
    return lines.map((line, index) => `  ${(index === 0 ? printable(name) : '').padEnd(width)}  ${line}`);
  });
}

/** Whether `value` is the classes of one row. */
function isRanking(value: unknown): value is readonly Ranked[] {
  return Array.isArray(value) && value.length > 0 && !Array.isArray(value[0]);
}

function barLines(ranked: readonly Ranked[]): string[] {
  const names = ranked.map(({ label, index }) => printable(String(label ?? index)));
  const width = Math.max(...names.map((name) => name.length));
  const areShares = ranked.every(({ score }) => score >= 0 && score <= 1);
  const most = areShares ? 1 : Math.max(...ranked.map(({ score }) => score), 0) || 1;
  return ranked.map(({ score }, index) => {
    const shown = areShares ? `${(score * 100).toFixed(1)} %` : score.toPrecision(4);
    const bar = '█'.repeat(Math.round((Math.max(0, score) / most) * BAR_WIDTH));
    return `${names[index]!.padEnd(width)}  ${shown.padStart(9)}  ${paint('good', bar)}`.trimEnd();
  });
}

/** A value, or the shape and the first elements of an array. */
function valueText(value: unknown): string {
  if (!Array.isArray(value)) return short(typeof value === 'string' ? value : JSON.stringify(value));
  const flat = (value as unknown[]).flat(Infinity);
  const shown = flat
    .slice(0, MOST_NUMBERS)
    .map((element) =>
      typeof element === 'number' ? String(Number(element.toPrecision(5))) : JSON.stringify(element),
    );
  const more = flat.length > MOST_NUMBERS ? ` ... (${shapeOf(value).join(' x ')} values)` : '';
  return short(`${shown.join('  ')}${more}`);
}

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

function short(value: string): string {
  const text = printable(value);
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
}
