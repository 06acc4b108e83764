import { elementCount, type Datatype, type Shape, type TensorSpec } from '../../runtime/tensor';

/** Larger examples would fill the page. */
const MAX_ELEMENTS = 2048;

/** Size of variable dimensions, as models are tried at load. */
const VARIABLE_SIZE = 4;

/** Values of inputs by name, nested as their shapes are. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * Values that a model takes, nested as `shapes` say: those `written` for it where they fit, otherwise zeros. Undefined
 * when they would be too long to show.
 */
export function exampleValues(
  inputs: readonly TensorSpec[],
  written: Values | undefined,
): Values | undefined {
  const elements = inputs.reduce((sum, { shape }) => sum + elementCount(concrete(shape)), 0);
  if (elements > MAX_ELEMENTS) return undefined;
  const isWritten = written !== undefined && inputs.every(({ name, shape }) => fits(written[name], shape));
  return Object.fromEntries(
    inputs.map(({ name, datatype, shape }) => [
      name,
      isWritten ? written[name] : zeros(datatype, concrete(shape)),
    ]),
  );
}

/** The dimensions of `value`; those below an empty array are left out. */
export function shapeOf(value: unknown): Shape {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

/** The elements of `value` in row-major order. */
export function flat(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.flat(Infinity) : [value];
}

function fits(value: unknown, shape: Shape): boolean {
  const found = shapeOf(value);
  return found.length === shape.length && shape.every((size, axis) => size < 0 || size === found[axis]);
}

function concrete(shape: Shape): Shape {
  return shape.map((size) => (size < 0 ? VARIABLE_SIZE : size));
}

function zeros(datatype: Datatype, [size, ...inner]: Shape): unknown {
  if (size === undefined) return datatype === 'BYTES' ? 'text' : datatype === 'BOOL' ? false : 0;
  return Array.from({ length: size }, () => zeros(datatype, inner));
}
