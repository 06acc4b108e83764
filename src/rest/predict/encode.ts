import { elementCount, type Shape, type Tensor } from '../../tensor/tensor';
import { jsonData, jsonFloats } from '../codec/json/json-data';
import { largest } from '../../tensor/largest';
import { probabilitiesOf } from '../../tensor/softmax';
import type { EncodedResponse } from '../codec/messages';
import { TYPED_ARRAY, typedView } from '../../tensor/typed-arrays';
import type { Layout, PredictionAnswer } from './messages';

/** How many classes are told of outputs with labels where the request does not say it. */
const DEFAULT_TOP_K = 5;

/** A class of an output: its label, or its index where the output has no labels. */
type Class = { readonly score: unknown } & ({ readonly label: string } | { readonly index: number });

/**
 * Encodes a prediction: outputs nested as their shapes are, by name or row by row, and of each output that has labels,
 * or that is a vector of scores where classes are asked for, its largest classes, the largest first. In the form of
 * TensorFlow Serving there is nothing but the outputs, of which the only one has no name.
 */
export function encodePrediction(response: PredictionAnswer): EncodedResponse {
  const { id, model, version, outputs, layout, topK = DEFAULT_TOP_K } = response;
  const values: [name: string, value: unknown][] = [];
  const classes: [name: string, lists: unknown][] = [];
  for (const output of outputs) {
    const { name, shape } = output;
    const elements = jsonData(output);
    values.push([name, nested(elements, shape, layout)]);
    if (topK > 0 && hasClasses(output, response)) {
      const lists = classesOf(output, elements, response, topK);
      classes.push([name, nested(lists, shape.slice(0, -1), layout)]);
    }
  }
  if (response.form === 'tensorflow') return { json: JSON.stringify(unadorned(values, layout)), binary: [] };
  const body = {
    ...(id === undefined ? {} : { id }),
    model,
    version,
    ...(layout === 'rows' ? { predictions: rowObjects(values) } : { outputs: Object.fromEntries(values) }),
    ...(classes.length === 0 ? {} : { classes: Object.fromEntries(classes) }),
  };
  return { json: JSON.stringify(body), binary: [] };
}

/** As TensorFlow Serving answers. */
function unadorned(values: readonly (readonly [name: string, value: unknown])[], layout: Layout): object {
  const [only, ...others] = values;
  const isAlone = only !== undefined && others.length === 0;
  if (layout === 'rows') return { predictions: isAlone ? only[1] : rowObjects(values) };
  return { outputs: isAlone ? only[1] : Object.fromEntries(values) };
}

function rowObjects(columns: readonly (readonly [name: string, rows: unknown])[]): object[] {
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

/** Whether classes of `output` are told: it is scores that have labels or, where that is asked for, one vector of them a row. */
function hasClasses({ name, datatype, shape }: Tensor, response: PredictionAnswer): boolean {
  const { form, labels, topK, batches } = response;
  const isRanked = datatype !== 'BYTES' && datatype !== 'BOOL' && shape.length > 0;
  if (form === 'tensorflow' || !isRanked) return false;
  if (Object.hasOwn(labels, name)) return true;
  return topK !== undefined && (shape.length === 2 || (shape.length === 1 && !batches));
}

/** The largest classes of each row of the last dimension; `elements` are those of `output` in JSON. */
function classesOf(
  { name, shape, data, datatype }: Tensor,
  elements: readonly unknown[],
  response: PredictionAnswer,
  topK: number,
): Class[][] {
  const scores = typedView(data, datatype as 'FP32');
  const labels = Object.hasOwn(response.labels, name) ? response.labels[name] : undefined;
  const isLogits = response.softmax.includes(name);
  const columns = shape.at(-1)!;
  return Array.from({ length: elementCount(shape.slice(0, -1)) }, (_, row) => {
    const start = row * columns;
    const vector = scores.subarray(start, start + columns);
    const best = largest(vector, topK);
    const shown = isLogits
      ? jsonFloats(TYPED_ARRAY[datatype as 'FP32'].from(probabilitiesOf(vector, best)))
      : best.map((index) => elements[start + index]);
    return best.map((index, rank) => {
      const score = shown[rank];
      // Of a dimension of any size, there may be more than have labels.
      return labels === undefined ? { index, score } : { label: labels[index] ?? String(index), score };
    });
  });
}
