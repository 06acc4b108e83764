import { quote } from '../common/quote';
import { countElements, requireSize } from '../tensor/elements';
import { elementCount, MAX_DIMENSIONS, type Tensor, type TensorSpec } from '../tensor/tensor';
import { TargetFailure } from './target-failure';

/**
 * The outputs that a target returned, in the order of `requested`.
 * @param found has each requested output once, and no others.
 * @param described the outputs of the model, as {@link RemoteModel.outputs}.
 * @throws TargetFailure `garbage`, naming the output, unless each has the datatype and the fixed dimensions that are
 * described, and the bytes of its shape.
 */
export function checkedOutputs(
  found: readonly Tensor[],
  requested: readonly string[],
  described: readonly TensorSpec[],
): readonly Tensor[] {
  if (found.length !== requested.length)
    throw new TargetFailure('garbage', `expected ${requested.length} outputs, got ${found.length}`);
  return requested.map((name, index) => {
    // Fast path: most targets keep the order of the request.
    const tensor = found[index]!.name === name ? found[index]! : found.find((other) => other.name === name);
    if (tensor === undefined) throw garbage(name, 'is missing in the response');
    const spec = described.find((other) => other.name === name);
    if (spec === undefined) throw garbage(name, 'is not an output of the model at the target');
    requireAsDescribed(tensor, spec);
    requireData(tensor);
    return tensor;
  });
}

function requireAsDescribed({ name, datatype, shape }: Tensor, spec: TensorSpec): void {
  if (datatype !== spec.datatype) throw garbage(name, `expected ${spec.datatype}, got ${datatype}`);
  const fits =
    shape.length === spec.shape.length &&
    shape.every((size, axis) => isSize(size) && (spec.shape[axis] === -1 || spec.shape[axis] === size));
  if (!fits) throw garbage(name, `expected shape ${textOf(spec.shape)}, got ${textOf(shape)}`);
}

function requireData({ name, datatype, shape, data }: Tensor): void {
  const count = elementCount(shape);
  requireSize(data.length, datatype, count, (message) => garbage(name, message));
  if (datatype === 'BOOL' && data.some((byte) => byte > 1))
    throw garbage(name, 'expected bytes of 0 or 1 for BOOL');
  if (datatype !== 'BYTES') return;
  const elements = countElements(data);
  if (elements !== count)
    throw garbage(
      name,
      `expected ${count} elements, each a uint32 length followed by that many bytes, got ${elements ?? 'an incomplete one'}`,
    );
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Targets choose the number of dimensions, and the message must stay one line. */
function textOf(shape: readonly number[]): string {
  return shape.length > MAX_DIMENSIONS ? `${shape.length} dimensions` : `[${shape.join(',')}]`;
}

function garbage(name: string, message: string): TargetFailure {
  return new TargetFailure('garbage', `output ${quote(name)}: ${message}`);
}
