import { countElements } from '../tensor/elements';
import { errors } from '../common/errors';
import type { NexusError } from '../common/nexus-error';
import { allOutputs, type Signature } from './signature';
import { ELEMENT_BYTES, elementCount, type Shape, type Tensor, type TensorSpec } from '../tensor/tensor';

/** Validated inputs with the information that the scheduler needs. */
export interface ValidInputs {
  /** In the model's order. */
  readonly inputs: readonly Tensor[];
  /** Size of the first dimension of every input; 1 if the model or the request cannot be batched. */
  readonly rows: number;
  readonly byteLength: number;
  /** Shapes of one row. Requests with the same key can share a run. */
  readonly shapeKey: string;
}

/**
 * Validates `given` against the inputs of `model`: names, datatypes, ranks, dimensions and sizes. ONNX Runtime never
 * rejects the datatype or shape of inputs that pass.
 * @throws NexusError invalid_input
 */
export function validateInputs(given: readonly Tensor[], model: string, signature: Signature): ValidInputs {
  const specs = inputsFor(given, signature);
  const inputs = specs.map((spec) => pick(given, spec, model, specs));
  if (given.length > inputs.length) throw unexpected(given, model, specs);
  let byteLength = 0;
  let shapeKey = '';
  for (const { shape, data } of inputs) {
    byteLength += data.byteLength;
    for (let axis = signature.batches ? 1 : 0; axis < shape.length; axis++) shapeKey += `${shape[axis]},`;
    shapeKey += ';';
  }
  if (!signature.batches) return { inputs, rows: 1, byteLength, shapeKey };
  const rows = inputs[0]!.shape[0]!;
  const other = inputs.find(({ shape }) => shape[0] !== rows);
  if (other === undefined) return { inputs, rows, byteLength, shapeKey };
  if (signature.hasCommonRows) throw unequalRows(inputs[0]!, other, model);
  // For example, broadcast inputs. The model decides whether the whole request is valid, but it cannot be split by rows.
  return { inputs, rows: 1, byteLength, shapeKey: `alone ${++alone}` };
}

/** The inputs that `given` are for: the tensors of the model if one of them is given, otherwise the inputs of its task. */
export function inputsFor(
  given: readonly { readonly name: string }[],
  { inputs, tensorInputs }: Pick<Signature, 'inputs' | 'tensorInputs'>,
): readonly TensorSpec[] {
  const isTensor = given.some(({ name }) => tensorInputs.some((spec) => spec.name === name));
  return isTensor ? tensorInputs : inputs;
}

/** Number of requests that must run alone, used to make their keys unique. */
let alone = 0;

/**
 * Returns the outputs to compute for `requested`: all outputs if it is empty.
 * @throws NexusError invalid_input
 */
export function validateOutputs(
  requested: readonly string[],
  model: string,
  signature: Signature,
): readonly string[] {
  if (requested.length === 0) return signature.outputNames;
  const all = allOutputs(signature);
  const unknown = requested.findIndex((name) => !all.some((output) => output.name === name));
  if (unknown === -1) return requested;
  throw errors.invalidInput(
    `unexpected output '${requested[unknown]}'; model '${model}' has ${listed(all.map(({ name }) => name))}`,
    `outputs[${unknown}]`,
  );
}

function pick(
  given: readonly Tensor[],
  spec: TensorSpec,
  model: string,
  inputs: readonly TensorSpec[],
): Tensor {
  const tensor = given.find(({ name }) => name === spec.name);
  if (tensor === undefined) {
    const got = given.length === 0 ? 'no inputs' : listed(given.map(({ name }) => name));
    throw errors.invalidInput(
      `missing input '${spec.name}': model '${model}' requires ${inputs.map(specText).join(', ')}, got ${got}`,
      'inputs',
    );
  }
  checkForm(tensor, spec);
  return tensor;
}

function checkForm({ name, datatype, shape, data }: Tensor, spec: TensorSpec): void {
  if (datatype !== spec.datatype) throw wrong(name, `datatype ${spec.datatype}`, datatype);
  if (!matches(shape, spec.shape)) throw wrong(name, `shape ${shown(spec.shape)}`, shown(shape));
  const count = elementCount(shape);
  const actual = datatype === 'BYTES' ? countElements(data) : data.byteLength / ELEMENT_BYTES[datatype];
  if (actual !== count)
    throw wrong(
      name,
      `${count} elements for shape ${shown(shape)}`,
      actual === undefined ? 'data that ends inside an element' : `${actual}`,
    );
}

function matches(shape: Shape, expected: Shape): boolean {
  if (shape.length !== expected.length) return false;
  for (let axis = 0; axis < shape.length; axis++) {
    if (expected[axis]! >= 0 && shape[axis] !== expected[axis]) return false;
  }
  return true;
}

function unequalRows(one: Tensor, other: Tensor, model: string): NexusError {
  return errors.invalidInput(
    `inputs of model '${model}': expected the same first dimension, got ${one.shape[0]} rows for '${one.name}' and ${other.shape[0]} rows for '${other.name}'`,
    'inputs',
  );
}

function unexpected(given: readonly Tensor[], model: string, inputs: readonly TensorSpec[]): NexusError {
  const names = new Set(inputs.map(({ name }) => name));
  const extra = given.find(({ name }) => !names.delete(name));
  return errors.invalidInput(
    `unexpected or repeated input '${extra?.name}'; model '${model}' takes ${inputs.map(specText).join(', ')}, each once`,
    'inputs',
  );
}

function wrong(name: string, expected: string, got: string): NexusError {
  return errors.invalidInput(`input '${name}': expected ${expected}, got ${got}`, `inputs.${name}`);
}

function specText({ name, datatype, shape }: TensorSpec): string {
  return `'${name}' (${datatype} ${shown(shape)})`;
}

function shown(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
