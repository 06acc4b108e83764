import { errors } from '../../../common/errors';
import { ELEMENT_BYTES, elementCount, isDatatype, type Datatype, type Tensor } from '../../../runtime/tensor';
import type { InferenceRequest } from '../../inference-request';
import { classCountOf, requireUniqueNames } from '../../rest/codec/decode/fields';
import { quote } from '../../rest/codec/decode/mismatch';
import type { InferInputTensor, ModelInferRequest } from '../messages';
import { requireSupported } from './parameters';
import { readRaw } from './raw-contents';
import { readTyped } from './typed-contents';

const MAX_DIMENSIONS = 32;
const DATATYPES = Object.keys(ELEMENT_BYTES).join(', ');

/** A tensor before its bytes are known. */
export type TensorHead = Omit<Tensor, 'data'>;

/**
 * The inputs and outputs of `message`. Raw inputs are views of it.
 * @throws invalid naming the field, what was expected and what came.
 */
export function decodeRequest(
  message: ModelInferRequest,
): Pick<InferenceRequest, 'inputs' | 'outputs' | 'classCounts'> {
  const { inputs, raw_input_contents: raw } = message;
  requireSupported(message.parameters, 'parameters');
  if (raw.length > 0) requireRawOnly(inputs, raw.length);
  const tensors = inputs.map((input, index) => {
    const head = readHead(input, `inputs[${index}]`);
    const data =
      raw.length > 0
        ? readRaw(raw[index]!, head, `raw_input_contents[${index}]`)
        : readTyped(input.contents, head, `inputs[${index}].contents`);
    return { ...head, data };
  });
  requireUniqueNames(tensors, 'inputs');
  return { inputs: tensors, ...readOutputs(message) };
}

function requireRawOnly(inputs: readonly InferInputTensor[], count: number): void {
  // MLServer's client sends contents beside raw ones that have nothing in them.
  const typed = inputs.findIndex(({ contents }) => contents.some((part) => part.length > 0));
  if (typed >= 0) {
    const path = `inputs[${typed}].contents`;
    throw errors.invalidInput(
      `${path}: expected no contents beside raw_input_contents, got some for ${quote(inputs[typed]!.name)}; send all inputs in one of the two ways`,
      path,
    );
  }
  if (inputs.length !== count) {
    throw errors.invalidInput(
      `raw_input_contents: expected ${inputs.length} entries, one for each of inputs, got ${count}`,
      'raw_input_contents',
    );
  }
}

function readHead(input: InferInputTensor, path: string): TensorHead {
  requireSupported(input.parameters, `${path}.parameters`);
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

function readOutputs({ outputs }: ModelInferRequest): Pick<InferenceRequest, 'outputs' | 'classCounts'> {
  const classCounts = new Map<string, number>();
  const named = outputs.map(({ name, parameters }, index) => {
    const path = `outputs[${index}]`;
    requireSupported(parameters, `${path}.parameters`);
    const classes = classCountOf(parameters.get('classification'), `${path}.parameters.classification`);
    if (classes !== undefined) classCounts.set(name, classes);
    return { name: readName(name, path) };
  });
  requireUniqueNames(named, 'outputs');
  return {
    outputs: named.map(({ name }) => name),
    classCounts: classCounts.size === 0 ? undefined : classCounts,
  };
}
