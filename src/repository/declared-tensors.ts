import type { Shape, TensorSpec } from '../tensor/tensor';

/** An input or output as declared in a configuration, including the batch dimension. */
export interface DeclaredTensor extends TensorSpec {
  /** File and line of the declaration. */
  readonly where: string;
  /** Shape in the model if it differs (reshape). Only the first dimension of both shapes may then be variable. */
  readonly inside?: Shape;
}

/** Tensors that a configuration declares for a model. An empty list declares nothing. */
export interface DeclaredTensors {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** File and line that declare every first dimension variable (max_batch_size); undefined if none do. */
  readonly batched: string | undefined;
}

interface Tensors {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/**
 * Returns the inputs and outputs of `model` as declared: in the declared order, without undeclared outputs, and with
 * the declared sizes of variable dimensions. Without declarations, returns those of the model.
 * @throws Error if a declared tensor does not match the model, or an input of the model is not declared.
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
    `${where}: the model cannot batch, because the first dimension of '${fixed.name}' is not variable: ${format(fixed)}; set max_batch_size: 0`,
  );
}

function fit(
  kind: 'input' | 'output',
  declared: readonly DeclaredTensor[],
  actual: readonly TensorSpec[],
  all: boolean,
): readonly TensorSpec[] {
  if (declared.length === 0) return actual;
  for (const tensor of declared) checkDeclared(kind, tensor, actual);
  const missing = actual.find(({ name }) => !declared.some((tensor) => tensor.name === name));
  if (all && missing !== undefined)
    throw new Error(
      `${declared[0]!.where}: the model also requires the ${kind} '${missing.name}'; declare it`,
    );
  return declared.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
}

function checkDeclared(kind: string, tensor: DeclaredTensor, actual: readonly TensorSpec[]): void {
  const { name, where } = tensor;
  const spec = actual.find((candidate) => candidate.name === name);
  if (spec === undefined) {
    const names = actual.map((candidate) => `'${candidate.name}'`).join(', ');
    throw new Error(`${where}: the model has no ${kind} '${name}'; it has ${names}`);
  }
  const inside = { ...tensor, shape: tensor.inside ?? tensor.shape };
  if (matches(inside, spec)) return;
  throw new Error(
    `${where}: ${kind} '${name}' is declared as ${format(inside)}, but is ${format(spec)} in the model; correct the declaration`,
  );
}

function matches(declared: TensorSpec, actual: TensorSpec): boolean {
  return (
    declared.datatype === actual.datatype &&
    declared.shape.length === actual.shape.length &&
    actual.shape.every((size, axis) => size === -1 || size === declared.shape[axis])
  );
}

function format({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(',')}]`;
}
