import type { PackedTensor } from '../runtime/slab-layout';
import { ELEMENT_BYTES, elementCount, type Datatype, type Shape, type TensorSpec } from '../runtime/tensor';
import type { ModelSettings, WarmUpTensor } from './model-settings';

/** Most bytes that one input of a warm-up is made of. */
const MAX_BYTES = 256 * 2 ** 20;

/**
 * The inputs of each warm-up run, one run after another: what is given, zeros, empty strings or random numbers.
 *
 * @throws Error of an input larger than 256 MiB, when it is its turn.
 */
export function* warmUpRuns(
  inputs: readonly TensorSpec[],
  { warmup = [] }: ModelSettings,
): Generator<PackedTensor[]> {
  for (const run of warmup) {
    if ('rows' in run) yield inputs.map((input) => sized(input, run.rows, run.dims ?? 1));
    else for (let time = 0; time < run.count; time++) yield run.inputs.map(filled);
  }
}

function sized({ name, datatype, shape }: TensorSpec, rows: number, dims: number): PackedTensor {
  const concrete = shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? rows : dims));
  return filled({ name, datatype, shape: concrete, fill: 'zeros' });
}

function filled({ name, datatype, shape, fill }: WarmUpTensor): PackedTensor {
  if (typeof fill !== 'string') return { name, datatype, shape, chunks: fill };
  const bytes = zeros(name, datatype, shape);
  if (fill === 'random') randomise(bytes, datatype);
  return { name, datatype, shape, chunks: [bytes] };
}

function zeros(name: string, datatype: Datatype, shape: Shape): Uint8Array<ArrayBuffer> {
  // An empty string is four bytes of zero: its length.
  const elementBytes = datatype === 'BYTES' ? 4 : ELEMENT_BYTES[datatype];
  const length = elementCount(shape) * elementBytes;
  if (length <= MAX_BYTES) return new Uint8Array(length);
  throw new Error(
    `warm-up input '${name}' of ${datatype} [${shape.join(',')}] has ${length} bytes; make it smaller, at most ${MAX_BYTES}`,
  );
}

/** Numbers below 1, and 0 or 1 where they are whole: valid as indexes and masks too. Strings stay empty. */
function randomise(bytes: Uint8Array<ArrayBuffer>, datatype: Datatype): void {
  const { buffer } = bytes;
  if (datatype === 'FP64') fillWith(new Float64Array(buffer), Math.random);
  else if (datatype === 'FP32') fillWith(new Float32Array(buffer), Math.random);
  // 0x3c00 is a half float of 1; the bits of smaller ones are smaller.
  else if (datatype === 'FP16') fillWith(new Uint16Array(buffer), () => Math.random() * 0x3c00);
  else if (datatype !== 'BYTES') {
    const step = ELEMENT_BYTES[datatype];
    for (let index = 0; index < bytes.length; index += step) bytes[index] = Math.round(Math.random());
  }
}

function fillWith(array: Float64Array | Float32Array | Uint16Array, next: () => number): void {
  for (let index = 0; index < array.length; index++) array[index] = next();
}
