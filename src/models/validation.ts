import { countElements } from '../tensor/elements';
import { errors, type NexusError } from '../common/errors';
import type { Signature } from './signature';
import { ELEMENT_BYTES, elementCount, type Shape, type Tensor, type TensorSpec } from '../tensor/tensor';

/** What the scheduler needs to know of valid inputs. */
export interface ValidInputs {
  /** In the model's order. */
  readonly inputs: readonly Tensor[];
  /** First dimension of every input; 1 where the model does not batch, or the request cannot. */
  readonly rows: number;
  readonly byteLength: number;
  /** Shapes of one row; equal for requests that can share a run. */
  readonly shapeKey: string;
}

/**
 * Checks `given` against the inputs of `model`: names, datatypes, ranks, dimensions and bytes. Nothing that passes
 * can be refused by ONNX Runtime for its form.
 * @throws NexusError invalid_input
 */
export function validateInputs(given: readonly Tensor[], model: string, signature: Signature): ValidInputs {
  const inputs = signature.inputs.map((spec) => pick(given, spec, model, signature));
  if (given.length > inputs.length) throw unexpected(given, model, signature);
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
  // Such as inputs that are broadcast: whole, it is for the model to judge, and beside others it would be taken apart.
  return { inputs, rows: 1, byteLength, shapeKey: `alone ${++alone}` };
}

/** How many requests have had to run alone; makes their keys different. */
let alone = 0;

/**
 * The outputs to compute for `asked`: all when it is empty.
 * @throws NexusError invalid_input
 */
export function validateOutputs(
  asked: readonly string[],
  model: string,
  { outputNames }: Signature,
): readonly string[] {
  if (asked.length === 0) return outputNames;
  const unknown = asked.findIndex((name) => !outputNames.includes(name));
  if (unknown === -1) return asked;
  throw errors.invalidInput(
    `unexpected output '${asked[unknown]}'; model '${model}' gives ${listed(outputNames)}`,
    `outputs[${unknown}]`,
  );
}

function pick(given: readonly Tensor[], spec: TensorSpec, model: string, { inputs }: Signature): Tensor {
  const tensor = given.find(({ name }) => name === spec.name);
  if (tensor === undefined) {
    const came = given.length === 0 ? 'no inputs came' : `${listed(given.map(({ name }) => name))} came`;
    throw errors.invalidInput(
      `missing input '${spec.name}'; model '${model}' takes ${inputs.map(describe).join(', ')}, but ${came}`,
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
  const found = datatype === 'BYTES' ? countElements(data) : data.byteLength / ELEMENT_BYTES[datatype];
  if (found !== count)
    throw wrong(
      name,
      `${count} elements for shape ${shown(shape)}`,
      found === undefined ? 'bytes that end within an element' : `${found}`,
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
    `inputs '${one.name}' and '${other.name}' of model '${model}' have ${one.shape[0]} and ${other.shape[0]} rows; the first dimension of all inputs must be the same`,
    'inputs',
  );
}

function unexpected(given: readonly Tensor[], model: string, { inputs }: Signature): NexusError {
  const names = new Set(inputs.map(({ name }) => name));
  const strange = given.find(({ name }) => !names.delete(name));
  return errors.invalidInput(
    `unexpected or repeated input '${strange?.name}'; model '${model}' takes ${inputs.map(describe).join(', ')}, each once`,
    'inputs',
  );
}

function wrong(name: string, expected: string, got: string): NexusError {
  return errors.invalidInput(`input '${name}': expected ${expected}, got ${got}`, `inputs.${name}`);
}

function describe({ name, datatype, shape }: TensorSpec): string {
  return `'${name}' (${datatype} ${shown(shape)})`;
}

function shown(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
