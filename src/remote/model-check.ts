import { quote } from '../common/quote';
import { MAX_DIMENSIONS, isDatatype, type TensorSpec } from '../tensor/tensor';
import type { RemoteModel } from './connection';
import { TargetFailure } from './target-failure';

/** An input or output in the metadata of a target, not validated. */
export interface DescribedTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/**
 * The model that a target describes.
 * @throws TargetFailure `garbage`, naming the tensor, unless names are unique, datatypes are supported, and dimensions are
 * sizes or -1; or if there is no output.
 */
export function checkedModel(
  platform: string,
  inputs: readonly DescribedTensor[],
  outputs: readonly DescribedTensor[],
): RemoteModel {
  if (outputs.length === 0) throw new TargetFailure('garbage', 'the metadata of the model has no outputs');
  return { platform, inputs: checkedSpecs(inputs, 'input'), outputs: checkedSpecs(outputs, 'output') };
}

function checkedSpecs(tensors: readonly DescribedTensor[], kind: string): readonly TensorSpec[] {
  const names = new Set<string>();
  return tensors.map(({ name, datatype, shape }) => {
    const refuse = (message: string) =>
      new TargetFailure('garbage', `${kind} ${quote(name)} in the metadata of the model: ${message}`);
    if (name === '') throw refuse('has no name');
    if (names.has(name)) throw refuse('is listed twice');
    names.add(name);
    if (!isDatatype(datatype)) throw refuse(`the datatype ${quote(datatype)} is not supported`);
    if (shape.length > MAX_DIMENSIONS)
      throw refuse(`expected at most ${MAX_DIMENSIONS} dimensions, got ${shape.length}`);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= -1))
      throw refuse(`expected dimensions of 0 or more, or -1, got [${shape.join(',')}]`);
    return { name, datatype, shape };
  });
}
