import { elementCount, type Shape, type Tensor } from '../../../../runtime/tensor';
import { jsonData } from '../encode/json-data';
import { largest } from '../largest';
import type { EncodedResponse } from '../messages';
import { typedView } from '../typed-arrays';
import type { PredictResponse } from './messages';

/** A class of an output with labels. */
interface Class {
  readonly label: string;
  readonly score: unknown;
}

/**
 * Encodes a prediction: outputs nested as their shapes are, by name or row by row, and of each output that has labels
 * its largest classes, the largest first.
 */
export function encodePredict(response: PredictResponse): EncodedResponse {
  const { id, model, version, outputs, layout, labels, topK } = response;
  const values = outputs.map((output) => [output.name, nested(output, jsonData(output), layout)] as const);
  const classes = outputs
    .filter((output) => topK > 0 && Object.hasOwn(labels, output.name) && isRanked(output))
    .map((output) => [output.name, classesOf(output, labels[output.name]!, topK, layout)] as const);
  const body = {
    ...(id === undefined ? {} : { id }),
    model,
    version,
    ...(layout === 'rows' ? { predictions: rowsOf(values) } : { outputs: Object.fromEntries(values) }),
    ...(classes.length === 0 ? {} : { classes: Object.fromEntries(classes) }),
  };
  return { json: JSON.stringify(body), binary: [] };
}

function rowsOf(columns: readonly (readonly [name: string, rows: unknown])[]): object[] {
  const [, first] = columns[0]!;
  return (first as unknown[]).map((_, row) =>
    Object.fromEntries(columns.map(([name, rows]) => [name, (rows as unknown[])[row]])),
  );
}

function nested({ shape }: { readonly shape: Shape }, elements: readonly unknown[], layout: string): unknown {
  return nest(elements, layout === 'single' ? shape.slice(1) : shape);
}

/** Flat `elements` as arrays nested as `shape` says. */
function nest(elements: readonly unknown[], shape: Shape): unknown {
  const [size, ...inner] = shape;
  if (size === undefined) return elements[0];
  if (inner.length === 0) return elements;
  const step = elementCount(inner);
  return Array.from({ length: size }, (_, index) =>
    nest(elements.slice(index * step, (index + 1) * step), inner),
  );
}

/** Whether the elements of the last dimension can be put in order. */
function isRanked({ datatype, shape }: Tensor): boolean {
  return datatype !== 'BYTES' && datatype !== 'BOOL' && shape.length > 0;
}

/** The largest classes of each row of the last dimension. */
function classesOf(output: Tensor, labels: readonly string[], topK: number, layout: string): unknown {
  const { shape, data, datatype } = output;
  const scores = typedView(data, datatype as 'FP32');
  const elements = jsonData(output);
  const columns = shape.at(-1)!;
  const lists = Array.from({ length: elementCount(shape.slice(0, -1)) }, (_, row): Class[] =>
    largest(scores.subarray(row * columns, (row + 1) * columns), topK).map((index) => ({
      label: labels[index]!,
      score: elements[row * columns + index],
    })),
  );
  return nested({ shape: shape.slice(0, -1) }, lists, layout);
}
