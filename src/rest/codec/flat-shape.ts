import { elementCount, type Shape, type TensorSpec } from '../../tensor/tensor';

/**
 * The shape of `count` elements of an input that come without one: its variable dimension is what the others leave.
 *
 * @param dimensions the input's, of which rows may have been given a size.
 * @param unfit makes the error for a reason why there is no such shape.
 */
export function flatShape(
  { name, shape }: TensorSpec,
  dimensions: Shape,
  count: number,
  unfit: (reason: string) => Error,
): Shape {
  const variable = dimensions.indexOf(-1);
  if (variable !== dimensions.lastIndexOf(-1))
    throw unfit(`input '${name}' has the shape [${shape.join(',')}], and only one dimension can be found`);
  const known = elementCount(dimensions.filter((size) => size !== -1));
  const size = variable === -1 ? 1 : count / known;
  if (known * size !== count || !Number.isInteger(size)) {
    const wanted = variable === -1 ? `${known}` : `a multiple of ${known}`;
    throw unfit(
      `input '${name}' has the shape [${shape.join(',')}]: expected ${wanted} elements, got ${count}`,
    );
  }
  return dimensions.map((dimension) => (dimension === -1 ? size : dimension));
}
