import { elementCount, type Shape, type Tensor } from '../../tensor/tensor';
import { jsonData, jsonFloats } from '../../tensor/json/json-data';
import { largest } from '../../tensor/largest';
import { decodeStrings } from '../../tensor/elements';
import { probabilitiesOf } from '../../tensor/softmax';
import type { EncodedResponse } from '../codec/messages';
import { TYPED_ARRAY, typedView } from '../../tensor/typed-arrays';
import type { Layout, PredictionAnswer } from './messages';

/** Number of classes for outputs with labels if the request has no `top_k`. */
const DEFAULT_TOP_K = 5;

/** A class of an output: its label, or its index if the output has no labels. */
type Class = { readonly score: unknown } & ({ readonly label: string } | { readonly index: number });

/**
 * Encodes a prediction: outputs nested like their shapes, by name or row by row. Outputs that have labels also get their
 * top classes, highest score first, and so do vectors of scores if the request sets `top_k`. In the form of TensorFlow
 * Serving the body contains only the outputs, without a name if there is only one.
 */
export function encodePrediction(response: PredictionAnswer): EncodedResponse {
  const { id, model, version, outputs, layout, topK = DEFAULT_TOP_K } = response;
  const values: [name: string, value: unknown][] = [];
  const classes: [name: string, lists: unknown][] = [];
  for (const output of outputs) {
    const { name, shape } = output;
    const elements = response.json.includes(name) ? parsed(output) : jsonData(output);
    values.push([name, nested(elements, shape, layout)]);
    if (topK > 0 && hasClasses(output, response)) {
      const lists = classesOf(output, elements, response, topK);
      classes.push([name, nested(lists, shape.slice(0, -1), layout)]);
    }
  }
  if (response.form === 'tensorflow')
    return { json: JSON.stringify(tensorflowBody(values, layout)), binary: [] };
  const body = {
    ...(id === undefined ? {} : { id }),
    model,
    version,
    ...(layout === 'rows' ? { predictions: rowObjects(values) } : { outputs: Object.fromEntries(values) }),
    ...(classes.length === 0 ? {} : { classes: Object.fromEntries(classes) }),
  };
  return { json: JSON.stringify(body), binary: [] };
}

/** The elements of an output that are JSON. */
function parsed({ data }: Tensor): unknown[] {
  return decodeStrings(data).map((text): unknown => JSON.parse(text));
}

/** The response body in the form of TensorFlow Serving. */
function tensorflowBody(
  values: readonly (readonly [name: string, value: unknown])[],
  layout: Layout,
): object {
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

/** Nests flat `elements` like `shape`. */
function nest(elements: readonly unknown[], shape: Shape): unknown {
  const [size, ...inner] = shape;
  if (size === undefined) return elements[0];
  if (inner.length === 0) return elements;
  const step = elementCount(inner);
  return Array.from({ length: size }, (_, index) =>
    nest(elements.slice(index * step, (index + 1) * step), inner),
  );
}

/** Whether the response contains classes of an output: scores with labels or, on request, one vector of scores per row. */
function hasClasses({ name, datatype, shape }: Tensor, response: PredictionAnswer): boolean {
  const { form, labels, topK, batches } = response;
  const isRanked = datatype !== 'BYTES' && datatype !== 'BOOL' && shape.length > 0;
  if (form === 'tensorflow' || !isRanked) return false;
  if (Object.hasOwn(labels, name)) return true;
  return topK !== undefined && (shape.length === 2 || (shape.length === 1 && !batches));
}

/** The top classes of each row of the last dimension. `elements` are the elements of the output in JSON. */
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
      // A variable dimension can have more classes than labels.
      return labels === undefined ? { index, score } : { label: labels[index] ?? String(index), score };
    });
  });
}
