import { elementCount, type Shape, type Tensor } from '../../../../runtime/tensor';
import { jsonData } from '../encode/json-data';
import { largest } from '../largest';
import type { EncodedResponse } from '../messages';
import { typedView } from '../../../../common/typed-arrays';
import type { Layout, PredictResponse } from './messages';

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
  const values: [name: string, value: unknown][] = [];
  const classes: [name: string, lists: unknown][] = [];
  for (const output of outputs) {
    const { name, shape } = output;
    const elements = jsonData(output);
    values.push([name, nested(elements, shape, layout)]);
    if (topK > 0 && Object.hasOwn(labels, name) && isRanked(output)) {
      const lists = classesOf(output, elements, labels[name]!, topK);
      classes.push([name, nested(lists, shape.slice(0, -1), layout)]);
    }
  }
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

function nested(elements: readonly unknown[], shape: Shape, layout: Layout): unknown {
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

/** The largest classes of each row of the last dimension; `elements` are those of `output` in JSON. */
function classesOf(
  { shape, data, datatype }: Tensor,
  elements: readonly unknown[],
  labels: readonly string[],
  topK: number,
): Class[][] {
  const scores = typedView(data, datatype as 'FP32');
  const columns = shape.at(-1)!;
  return Array.from({ length: elementCount(shape.slice(0, -1)) }, (_, row) => {
    const start = row * columns;
    return largest(scores.subarray(start, start + columns), topK).map((index) => ({
      // Of a dimension of any size, there may be more than have labels.
      label: labels[index] ?? String(index),
      score: elements[start + index],
    }));
  });
}
