import { toElements, type Tensor } from '../tensor.ts';

/** How far a fraction may be off, relative to the largest number of its row. */
const TOLERANCE: Readonly<Record<string, number>> = { FP16: 4e-3, FP32: 2e-5, FP64: 1e-12 };

/** Rows of smaller numbers count as if they had this one: exp(x) - 1 of a small x is no more precise. */
const SMALLEST = 0.05;

/** What `got` has that `expected` has not; undefined when they agree. With `shapes`, only datatypes and shapes must. */
export function difference(
  got: readonly Tensor[],
  expected: readonly Tensor[],
  shapes = false,
): string | undefined {
  const headings = [got, expected].map((tensors) => tensors.map(heading).join(', '));
  if (headings[0] !== headings[1]) return `${headings[0]} instead of ${headings[1]}`;
  if (shapes) return undefined;
  for (const [index, tensor] of expected.entries()) {
    const found = valueDifference(got[index]!.bytes, tensor);
    if (found !== undefined) return found;
  }
  return undefined;
}

function valueDifference(gotBytes: Buffer, { name, datatype, shape, bytes }: Tensor): string | undefined {
  if (gotBytes.equals(bytes)) return undefined;
  const [got, expected] = [toElements(datatype, gotBytes), toElements(datatype, bytes)];
  const perRow = Math.max(1, expected.length / (shape[0] || 1));
  const tolerance = TOLERANCE[datatype] ?? 0;
  let largest = 0;
  for (const [index, element] of expected.entries()) {
    if (index % perRow === 0) largest = tolerance && largestOf(expected as number[], index, perRow);
    if (!close(got[index]!, element, tolerance * largest))
      return `${name}[${index}] is ${String(got[index])} instead of ${String(element)}`;
  }
  return undefined;
}

function close(got: unknown, expected: unknown, margin: number): boolean {
  if (typeof got === 'number' && typeof expected === 'number')
    return (
      got === expected || (Number.isNaN(got) && Number.isNaN(expected)) || Math.abs(got - expected) <= margin
    );
  if (got instanceof Uint8Array && expected instanceof Uint8Array) return Buffer.compare(got, expected) === 0;
  return got === expected;
}

/** The largest finite number of a row, by magnitude, and at least {@link SMALLEST}. */
function largestOf(elements: readonly number[], start: number, count: number): number {
  let largest = SMALLEST;
  for (let index = start; index < start + count; index++) {
    const magnitude = Math.abs(elements[index]!);
    if (magnitude > largest && magnitude < Infinity) largest = magnitude;
  }
  return largest;
}

function heading({ name, datatype, shape }: Tensor): string {
  return `${name} ${datatype} [${shape.join()}]`;
}
