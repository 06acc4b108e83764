import { elementCount, type Shape, type TensorSpec } from '../../tensor/tensor';

/**
 * Infers the shape of an input that was sent without a shape, from its number of elements.
 *
 * @param dimensions the dimensions of the input; one variable dimension is inferred from `count`.
 * @param count the number of elements.
 * @param errorFor creates the error if the shape cannot be inferred.
 */
export function flatShape(
  { name, shape }: TensorSpec,
  dimensions: Shape,
  count: number,
  errorFor: (reason: string) => Error,
): Shape {
  const variable = dimensions.indexOf(-1);
  if (variable !== dimensions.lastIndexOf(-1))
    throw errorFor(
      `input '${name}' has shape [${shape.join(',')}], but only one variable dimension can be inferred`,
    );
  const known = elementCount(dimensions.filter((size) => size !== -1));
  const size = variable === -1 ? 1 : count / known;
  if (known * size !== count || !Number.isInteger(size)) {
    const expected = variable === -1 ? `${known}` : `a multiple of ${known}`;
    throw errorFor(
      `input '${name}' has shape [${shape.join(',')}]: expected ${expected} elements, got ${count}`,
    );
  }
  return dimensions.map((dimension) => (dimension === -1 ? size : dimension));
}
