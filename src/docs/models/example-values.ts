import type { Servable } from '../../models/model';
import { elementCount, type Shape, type TensorSpec } from '../../tensor/tensor';

/** Larger examples would fill the page. They are fetched on demand. */
const MAX_SHOWN = 2048;

/** Larger examples are not generated. The limit is an image of 1024x1024 with four channels. */
const MAX_ELEMENTS = 2 ** 22;

/** Size of variable dimensions, as in the trial runs when a model is loaded. */
const VARIABLE_SIZE = 4;

/** Approximate size of the pieces of a fetched example, in characters. */
const PIECE = 64 * 1024;

/** Values of inputs by name, nested like their shapes. */
export type Values = Readonly<Record<string, unknown>>;

/** The protocol of an example body. */
export type Protocol = 'predict' | 'infer';

/**
 * One example item that is short enough to show: the example of the model's settings if it matches the inputs, otherwise
 * zeros. Undefined if it is too long.
 */
export function exampleItem(version: Servable): Values | undefined {
  const items = itemsOf(version);
  return isTooLong(items) ? undefined : (settingsExample(version, items) ?? zerosOf(items));
}

/**
 * The body of a request with one item, in pieces of JSON: the item of {@link exampleItem}, or zeros. Undefined if it
 * would have more than four million elements.
 */
export function exampleBody(version: Servable, protocol: Protocol): Iterable<string> | undefined {
  const items = itemsOf(version);
  const values = exampleItem(version) ?? settingsExample(version, items);
  if (values !== undefined)
    return [JSON.stringify(protocol === 'predict' ? { inputs: values } : inferBody(version, values))];
  if (sizeOf(items) > MAX_ELEMENTS) return undefined;
  return protocol === 'predict' ? predictPieces(items) : inferPieces(items, version.signature.batches);
}

/** Whether one row of these tensors is too long to show. */
export function isTooLong(tensors: readonly TensorSpec[]): boolean {
  return sizeOf(tensors) > MAX_SHOWN;
}

/** The V2 request for one item with `values`. */
export function inferBody({ signature }: Servable, values: Values): object {
  const { inputs, batches } = signature;
  return {
    inputs: inputs.map(({ name, datatype }) => {
      const shape = shapeOf(values[name]);
      return { name, datatype, shape: batches ? [1, ...shape] : shape, data: flat(values[name]) };
    }),
  };
}

/** The inputs of one item, without the batch dimension. */
function itemsOf({ signature: { inputs, batches } }: Servable): readonly TensorSpec[] {
  return inputs.map((input) => ({ ...input, shape: batches ? input.shape.slice(1) : input.shape }));
}

function sizeOf(items: readonly TensorSpec[]): number {
  return items.reduce((sum, { shape }) => sum + elementCount(concrete(shape)), 0);
}

/** The example in the settings of `version`, if it matches all `items`. */
function settingsExample(version: Servable, items: readonly TensorSpec[]): Values | undefined {
  const { example } = version.options.settings;
  if (example === undefined || !items.every(({ name, shape }) => fits(example[name], shape)))
    return undefined;
  return Object.fromEntries(items.map(({ name }) => [name, example[name]]));
}

function zerosOf(items: readonly TensorSpec[]): Values {
  return Object.fromEntries(items.map((item) => [item.name, nestedZeros(zero(item), concrete(item.shape))]));
}

function nestedZeros(element: unknown, [size, ...inner]: Shape): unknown {
  if (size === undefined) return element;
  return Array.from({ length: size }, () => nestedZeros(element, inner));
}

function* predictPieces(items: readonly TensorSpec[]): Generator<string> {
  yield '{"inputs":{';
  for (const [index, item] of items.entries()) {
    yield `${index === 0 ? '' : ','}${JSON.stringify(item.name)}:`;
    yield* pieces(JSON.stringify(zero(item)), concrete(item.shape));
  }
  yield '}}';
}

function* inferPieces(items: readonly TensorSpec[], batches: boolean): Generator<string> {
  yield '{"inputs":[';
  for (const [index, item] of items.entries()) {
    const { name, datatype, shape } = item;
    const size = concrete(shape);
    const head = JSON.stringify({ name, datatype, shape: batches ? [1, ...size] : size });
    yield `${index === 0 ? '' : ','}${head.slice(0, -1)},"data":`;
    yield* pieces(JSON.stringify(zero(item)), [elementCount(size)]);
    yield '}';
  }
  yield ']}';
}

/** `element` repeated and nested like `shape`, in JSON. */
function* pieces(element: string, [size, ...inner]: Shape): Generator<string> {
  if (size === undefined) return yield element;
  const length = elementCount(inner) * (element.length + 1);
  yield '[';
  if (length > PIECE) {
    for (let index = 0; index < size; index++) {
      if (index > 0) yield ',';
      yield* pieces(element, inner);
    }
  } else {
    const one = [...pieces(element, inner)].join('');
    const step = Math.max(1, Math.floor(PIECE / length));
    for (let index = 0; index < size; index += step)
      yield (
        (index > 0 ? ',' : '') +
        Array(Math.min(step, size - index))
          .fill(one)
          .join(',')
      );
  }
  yield ']';
}

/** The dimensions of `value`, without those below an empty array. */
function shapeOf(value: unknown): Shape {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

/** The elements of `value` in row-major order. */
function flat(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.flat(Infinity) : [value];
}

function fits(value: unknown, shape: Shape): boolean {
  const actual = shapeOf(value);
  return actual.length === shape.length && shape.every((size, axis) => size < 0 || size === actual[axis]);
}

function concrete(shape: Shape): Shape {
  return shape.map((size) => (size < 0 ? VARIABLE_SIZE : size));
}

/** A grey picture of 16x16 pixels. */
const GREY =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFElEQVR42mNoIBEwjGoY1TB8NQAAJYSAELxv8c8AAAAASUVORK5CYII=';

function zero({ datatype, content }: TensorSpec): unknown {
  if (content === 'picture') return GREY;
  return datatype === 'BYTES' ? 'text' : datatype === 'BOOL' ? false : 0;
}
