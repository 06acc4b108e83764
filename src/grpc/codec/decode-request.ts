import { errors } from '../../common/errors';
import {
  MAX_DIMENSIONS,
  ELEMENT_BYTES,
  elementCount,
  isDatatype,
  type Datatype,
  type TensorHead,
} from '../../tensor/tensor';
import type { InferenceRequest, OutputRequest } from '../../inference/request/inference-request';
import {
  classCountOf,
  requireOnlyMemory,
  requireUniqueNames,
  requestOptionsOf,
  type RequestOptions,
} from '../../inference/request/request-parameters';
import { quote } from '../../common/quote';
import { sliceOf, type MemorySlice, type PlacedTensor } from '../../inference/shared-memory/memory-slice';
import type {
  InferInputTensor,
  InferParameters,
  InferRequestedOutputTensor,
  ModelInferRequest,
} from '../messages';
import { readRaw } from './raw-contents';
import { readTyped } from '../../open-inference/typed-contents';
import { REQUEST_ERRORS } from './request-errors';

const DATATYPES = Object.keys(ELEMENT_BYTES).join(', ');

const NO_BYTES = new Uint8Array(0);

/** The decoded request, without the properties of its call. */
export type Decoded = Pick<InferenceRequest, 'inputs' | 'outputs'> & RequestOptions;

/**
 * Decodes `message`. Raw inputs are views of it.
 * @param anyBytes whether BYTES may be other than text, as for pictures.
 * @throws NexusError invalid_input, with the field, what was expected and what it got.
 */
export function decodeInferRequest(message: ModelInferRequest, anyBytes = false): Decoded {
  const inputs = readInputs(message, anyBytes);
  requireUniqueNames(inputs, 'inputs');
  const outputs = message.outputs.map((output, index) => readOutput(output, `outputs[${index}]`));
  requireUniqueNames(outputs, 'outputs');
  return { inputs, outputs, ...requestOptionsOf(message.parameters) };
}

/** Raw entries belong to the inputs that are not in shared memory, in their order. */
function readInputs(
  { inputs, raw_input_contents: raw }: ModelInferRequest,
  anyBytes: boolean,
): readonly PlacedTensor[] {
  if (raw.length > 0) requireRawOnly(inputs, raw.length);
  let next = 0;
  return inputs.map((input, index) => {
    const path = `inputs[${index}]`;
    const head = readHead(input, path);
    const slice = readSlice(input.parameters, path);
    if (slice !== undefined) return inMemory(input, head, slice, path);
    const data =
      raw.length > 0
        ? readRaw(raw[next]!, head, `raw_input_contents[${next++}]`, anyBytes)
        : readTyped(input.contents, head, `${path}.contents`, anyBytes, REQUEST_ERRORS);
    return { ...head, data };
  });
}

function requireRawOnly(inputs: readonly InferInputTensor[], count: number): void {
  // MLServer's client sends empty contents together with raw ones.
  const typed = inputs.findIndex(({ contents }) => contents.some((part) => part.length > 0));
  if (typed >= 0) {
    const path = `inputs[${typed}].contents`;
    throw errors.invalidInput(
      `${path}: expected no contents together with raw_input_contents, got some for ${quote(inputs[typed]!.name)}; send all inputs in one of the two fields`,
      path,
    );
  }
  const expected = inputs.filter(({ parameters }) => !parameters.has('shared_memory_region')).length;
  if (expected !== count) {
    throw errors.invalidInput(
      `raw_input_contents: expected ${expected} entries, one per input that is not in shared memory, got ${count}`,
      'raw_input_contents',
    );
  }
}

function inMemory(
  { contents }: InferInputTensor,
  head: TensorHead,
  slice: MemorySlice,
  path: string,
): PlacedTensor {
  if (contents.length === 0) return { ...head, data: NO_BYTES, slice };
  throw errors.invalidInput(
    `${path}: expected no contents together with parameters.shared_memory_region`,
    path,
  );
}

function readHead(input: InferInputTensor, path: string): TensorHead {
  return {
    name: readName(input.name, path),
    datatype: readDatatype(input, path),
    shape: readShape(input, path),
  };
}

function readName(name: string, path: string): string {
  if (name !== '') return name;
  throw errors.invalidInput(
    `${path}.name: expected the name of a tensor of the model, got none`,
    `${path}.name`,
  );
}

function readDatatype({ datatype }: InferInputTensor, path: string): Datatype {
  if (isDatatype(datatype)) return datatype;
  throw errors.invalidInput(
    `${path}.datatype: expected one of ${DATATYPES}, got ${quote(datatype)}`,
    `${path}.datatype`,
  );
}

function readShape({ shape }: InferInputTensor, path: string): readonly number[] {
  const wrong = (expected: string, got: string | number) =>
    errors.invalidInput(`${path}.shape: expected ${expected}, got ${got}`, `${path}.shape`);
  if (shape.length > MAX_DIMENSIONS) throw wrong(`at most ${MAX_DIMENSIONS} dimensions`, shape.length);
  const size = shape.find((dimension) => dimension < 0);
  if (size !== undefined) throw wrong('dimensions of 0 or more', size);
  const count = elementCount(shape);
  if (!Number.isSafeInteger(count)) throw wrong('a product below 2^53', `[${shape.join(',')}]`);
  return shape;
}

function readOutput({ name, parameters }: InferRequestedOutputTensor, path: string): OutputRequest {
  const classes = classCountOf(parameters.get('classification'), `${path}.parameters.classification`);
  const slice = readSlice(parameters, path);
  requireOnlyMemory({ classes, slice }, path);
  return { name: readName(name, path), classes, slice };
}

function readSlice(parameters: InferParameters, path: string): MemorySlice | undefined {
  return parameters.size === 0 ? undefined : sliceOf(Object.fromEntries(parameters), path);
}
