import type { PackedTensor } from '../../runtime/slab-layout';
import type { Instance } from '../../scheduling/instance';
import { ELEMENT_BYTES, elementCount, type Datatype, type Shape, type TensorSpec } from '../../tensor/tensor';
import { WARM_UP_BYTES } from '../../repository/inner-file';
import type { ModelSettings, WarmUp, WarmUpTensor } from '../../repository/model-settings';
import { Reshaper } from './reshaper';

/**
 * Runs the warm-up of a model with `settings` on `runner`, one run at a time, for all `outputs`.
 * @throws Error if a run fails, an input is larger than 256 MiB, or the size of a file does not match its input.
 */
export async function warmUp(
  runner: Instance,
  inputs: readonly TensorSpec[],
  outputs: readonly string[],
  settings: ModelSettings,
): Promise<void> {
  const reshaper = Reshaper.of(settings.declared);
  for (const given of runsOf(inputs, settings)) {
    await runner.run(reshaper?.toModel(given) ?? given, outputs).catch((error: Error) => {
      throw new Error(`a warm-up run failed: ${error.message}`, { cause: error });
    });
  }
}

/**
 * Yields the inputs of each run: given bytes, zeros, empty strings or random numbers. Without settings, runs every shape
 * that the scheduler can choose once, on zeros.
 */
function* runsOf(inputs: readonly TensorSpec[], settings: ModelSettings): Generator<PackedTensor[]> {
  for (const run of settings.warmup ?? chosenShapes(settings)) {
    if ('rows' in run) yield inputs.map((input) => sized(input, run));
    else for (let time = 0; time < run.count; time++) yield run.inputs.map(filled);
  }
}

/** All combinations of the allowed batch sizes and the lengths that inputs are padded to. */
function chosenShapes({ allowed_batch_sizes: sizes, pad }: ModelSettings): readonly WarmUp[] {
  if (sizes === undefined && pad === undefined) return [];
  return (sizes ?? [1]).flatMap((rows) => (pad?.lengths ?? [1]).map((dims) => ({ rows, dims })));
}

function sized(
  { name, datatype, shape }: TensorSpec,
  { rows, dims = 1, fill = 'zeros', files = {} }: WarmUp,
): PackedTensor {
  const concrete = shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? rows : dims));
  const file = files[name];
  if (file === undefined) return filled({ name, datatype, shape: concrete, fill });
  const bytes = elementCount(concrete) * ELEMENT_BYTES[datatype];
  if (datatype !== 'BYTES' && file.byteLength !== bytes)
    throw new Error(
      `the warm-up file of '${name}': expected ${bytes} bytes for ${datatype} [${concrete.join(',')}], got ${file.byteLength}`,
    );
  return { name, datatype, shape: concrete, chunks: [file] };
}

function filled({ name, datatype, shape, fill }: WarmUpTensor): PackedTensor {
  if (typeof fill !== 'string') return { name, datatype, shape, chunks: fill };
  const bytes = zeros(name, datatype, shape);
  if (fill === 'random') randomise(bytes, datatype);
  return { name, datatype, shape, chunks: [bytes] };
}

function zeros(name: string, datatype: Datatype, shape: Shape): Uint8Array<ArrayBuffer> {
  // An empty string is encoded as four zero bytes, its length.
  const elementBytes = datatype === 'BYTES' ? 4 : ELEMENT_BYTES[datatype];
  const length = elementCount(shape) * elementBytes;
  if (length <= WARM_UP_BYTES) return new Uint8Array(length);
  throw new Error(
    `warm-up input '${name}' of ${datatype} [${shape.join(',')}]: expected at most ${WARM_UP_BYTES} bytes, got ${length}; reduce rows or dims`,
  );
}

/** Fills with random numbers below 1, or 0 and 1 for integers, which are also valid indexes and masks. Strings stay empty. */
function randomise(bytes: Uint8Array<ArrayBuffer>, datatype: Datatype): void {
  const { buffer } = bytes;
  if (datatype === 'FP64') fillWith(new Float64Array(buffer), Math.random);
  else if (datatype === 'FP32') fillWith(new Float32Array(buffer), Math.random);
  // 0x3c00 is 1 as a half float; smaller bit patterns are smaller numbers.
  else if (datatype === 'FP16') fillWith(new Uint16Array(buffer), () => Math.random() * 0x3c00);
  else if (datatype !== 'BYTES') {
    const step = ELEMENT_BYTES[datatype];
    for (let index = 0; index < bytes.length; index += step) bytes[index] = Math.round(Math.random());
  }
}

function fillWith(array: Float64Array | Float32Array | Uint16Array, next: () => number): void {
  for (let index = 0; index < array.length; index++) array[index] = next();
}
