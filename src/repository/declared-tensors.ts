import type { Shape, TensorSpec } from '../tensor/tensor';

/** An input or output as a configuration declares it, with its batch dimension. */
export interface DeclaredTensor extends TensorSpec {
  /** File and line of the declaration. */
  readonly where: string;
  /** Its shape in the model, where that is another one; then only the first dimension of both may be variable. */
  readonly inside?: Shape;
}

/** What a configuration says of the tensors of a model. An empty list says nothing. */
export interface DeclaredTensors {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** Where it is said that every first dimension is variable; undefined when that is not said. */
  readonly batched: string | undefined;
}

interface Tensors {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * The inputs and outputs of `model` as they are declared: in that order, without outputs that are not, and with
 * sizes for variable dimensions. Without declarations, those of the model.
 * @throws Error when the model has not what is declared, or takes more.
 */
export function fitTensors(declared: DeclaredTensors | undefined, model: Tensors): Tensors {
  if (declared === undefined) return model;
  const { inputs, outputs, batched } = declared;
  if (batched !== undefined) checkRows(batched, [...model.inputs, ...model.outputs]);
  return {
    inputs: fit('input', inputs, model.inputs, true),
    outputs: fit('output', outputs, model.outputs, false),
  };
}

function checkRows(where: string, tensors: readonly TensorSpec[]): void {
  const fixed = tensors.find(({ shape }) => shape[0] !== -1);
  if (fixed === undefined) return;
  throw new Error(
    `${where}: the model cannot batch, for '${fixed.name}' is ${shown(fixed)} in it, without a variable first dimension; set max_batch_size: 0`,
  );
}

function fit(
  kind: 'input' | 'output',
  declared: readonly DeclaredTensor[],
  found: readonly TensorSpec[],
  all: boolean,
): readonly TensorSpec[] {
  if (declared.length === 0) return found;
  for (const tensor of declared) checkDeclared(kind, tensor, found);
  const forgotten = found.find(({ name }) => !declared.some((tensor) => tensor.name === name));
  if (all && forgotten !== undefined)
    throw new Error(`${declared[0]!.where}: the model takes the ${kind} '${forgotten.name}' too; declare it`);
  return declared.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
}

function checkDeclared(kind: string, tensor: DeclaredTensor, found: readonly TensorSpec[]): void {
  const { name, where } = tensor;
  const own = found.find((candidate) => candidate.name === name);
  if (own === undefined) {
    const names = found.map((candidate) => `'${candidate.name}'`).join(', ');
    throw new Error(`${where}: the model has no ${kind} '${name}'; it has ${names}`);
  }
  const inside = { ...tensor, shape: tensor.inside ?? tensor.shape };
  if (agrees(inside, own)) return;
  throw new Error(`${where}: ${kind} '${name}' is ${shown(inside)} here, but ${shown(own)} in the model`);
}

function agrees(declared: TensorSpec, own: TensorSpec): boolean {
  return (
    declared.datatype === own.datatype &&
    declared.shape.length === own.shape.length &&
    own.shape.every((size, axis) => size === -1 || size === declared.shape[axis])
  );
}

function shown({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(',')}]`;
}
