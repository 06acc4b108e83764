import type { ConsoleModel, SignatureTensor, VersionDetails } from '../data/schemas.ts';

/** A nested array of elements, or one element. */
export type Value = number | string | boolean | null | readonly Value[] | { readonly [key: string]: Value };

export type Inputs = Readonly<Record<string, Value>>;

/** A small grey picture: [h,w], [1,h,w] or [h,w,1] with the largest value `max`. */
export interface Grid {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly max: number;
  readonly isInteger: boolean;
  readonly channel: 'none' | 'first' | 'last';
  /** Dimensions of size 1 before those of the picture: the rows of models that do not batch. */
  readonly outer: number;
}

/** How the inputs of a model are edited. */
export type Editor =
  | { readonly kind: 'draw'; readonly grid: Grid }
  | { readonly kind: 'picture' }
  | { readonly kind: 'text'; readonly name: string }
  | { readonly kind: 'rerank' }
  | { readonly kind: 'chat' }
  | { readonly kind: 'form' }
  | { readonly kind: 'json' };

/** Numbers of an input that still make a form. */
const MAX_FIELDS = 40;
const SMALLEST_EDGE = 8;
const LARGEST_EDGE = 64;

/** The editor that suits the inputs of a version. */
export function editorFor(
  version: VersionDetails,
  platform: ConsoleModel['platform'],
  example: Inputs,
): Editor {
  const { signature, task } = version;
  if (signature === undefined) return { kind: platform === 'remote' ? 'chat' : 'json' };
  if (task?.name === 'reranking') return { kind: 'rerank' };
  if (task?.picture !== undefined) return { kind: 'picture' };
  const [input] = signature.inputs;
  if (input !== undefined && signature.inputs.length === 1) {
    const grid = gridOf(input, example[input.name]);
    if (grid !== undefined) return { kind: 'draw', grid };
    if (input.datatype === 'BYTES' && textOf(example[input.name]) !== undefined)
      return { kind: 'text', name: input.name };
  }
  const isForm = Object.values(example).every((value) => {
    const elements = flat(value);
    return elements.length <= MAX_FIELDS && elements.every((element) => typeof element !== 'object');
  });
  return { kind: isForm && signature.inputs.length > 0 ? 'form' : 'json' };
}

function gridOf({ name, datatype }: SignatureTensor, example: Value | undefined): Grid | undefined {
  if (datatype === 'BYTES' || datatype === 'BOOL' || example === undefined) return undefined;
  const shape = shapeOf(example);
  const sizes = shape.filter((size) => size !== 1);
  const [height, width] = sizes;
  if (sizes.length !== 2 || height === undefined || width === undefined) return undefined;
  if (Math.min(height, width) < SMALLEST_EDGE || Math.max(height, width) > LARGEST_EDGE) return undefined;
  if (Math.max(height, width) > 2 * Math.min(height, width)) return undefined;
  const isLast = shape.at(-1) === 1;
  const rest = shape.length - 2;
  const channel = isLast ? 'last' : rest > 0 ? 'first' : 'none';
  const outer = channel === 'none' ? 0 : rest - 1;
  const elements = flat(example).map(Number);
  const isVaried = new Set(elements).size > 1;
  const isInteger = !datatype.startsWith('FP') && !datatype.startsWith('BF');
  const max = isVaried ? Math.max(...elements) : isInteger ? 255 : 1;
  return { name, height, width, max, channel, outer, isInteger: isInteger || (isVaried && max > 1) };
}

/** The grey values of a picture from 0 to 1 as the input of the model. */
export function valueOf(grid: Grid, pixels: readonly (readonly number[])[]): Value {
  const element = (share: number) => {
    const value = share * grid.max;
    return grid.isInteger ? Math.round(value) : Number(value.toFixed(3));
  };
  const rows = pixels.map((row) =>
    row.map((share) => (grid.channel === 'last' ? [element(share)] : element(share))),
  );
  let value: Value = grid.channel === 'first' ? [rows] : rows;
  for (let dimension = 0; dimension < grid.outer; dimension++) value = [value];
  return value;
}

/** The grey values from 0 to 1 of the input of a model. */
export function pixelsOf(grid: Grid, value: Value | undefined): number[][] {
  const elements = value === undefined ? [] : flat(value).map(Number);
  return Array.from({ length: grid.height }, (_, y) =>
    Array.from({ length: grid.width }, (__, x) => (elements[y * grid.width + x] ?? 0) / grid.max),
  );
}

/** Values for inputs whose example the API does not give. */
export function inventedFor(version: VersionDetails): Inputs {
  const isItem = version.batching?.enabled === true;
  const inputs = version.signature?.inputs ?? [];
  return Object.fromEntries(
    inputs.map(({ name, datatype, shape }) => {
      const element = datatype === 'BYTES' ? 'text' : datatype === 'BOOL' ? false : 0;
      const sizes = isItem ? shape.slice(1) : shape;
      return [name, filled(element, sizes)];
    }),
  );
}

function filled(element: Value, sizes: readonly number[]): Value {
  if (sizes.length === 0) return element;
  const [size, ...rest] = sizes;
  return Array.from({ length: size === -1 ? 1 : size! }, () => filled(element, rest));
}

export function flat(value: Value): Value[] {
  return Array.isArray(value) ? (value as readonly Value[]).flatMap(flat) : [value];
}

export function shapeOf(value: Value): number[] {
  return Array.isArray(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0] as Value) : [])] : [];
}

/** The only text of an input; undefined if it has several, or other values. */
export function textOf(value: Value | undefined): string | undefined {
  const elements = value === undefined ? [] : flat(value);
  return elements.length === 1 && typeof elements[0] === 'string' ? elements[0] : undefined;
}

/** `value` with `replace` for its elements, by their position. */
export function withElements(value: Value, replace: (index: number, element: Value) => Value): Value {
  let index = 0;
  const walk = (inner: Value): Value => (Array.isArray(inner) ? inner.map(walk) : replace(index++, inner));
  return walk(value);
}
