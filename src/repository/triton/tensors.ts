import type { DeclaredTensor, DeclaredTensors } from '../declared-tensors';
import { elementCount, isDatatype, type Datatype, type Shape } from '../../tensor/tensor';
import { Fault } from './text/fault';
import type { ModelConfig, TensorConfig } from './model-config';
import { positionOf } from './text/read-message';

/**
 * Returns the inputs and outputs that `config` declares.
 * @param file name of the file in messages.
 * @throws Fault
 */
export function tensorsOf(config: ModelConfig, file: string): DeclaredTensors {
  const { max_batch_size: rows = 0, input = [], output = [] } = config;
  const declare = (tensor: TensorConfig) => declared(tensor, rows > 0, file);
  return {
    inputs: unique(input).map(declare),
    outputs: unique(output).map(declare),
    batched: rows > 0 ? `${file}:${positionOf(config, 'max_batch_size').line}` : undefined,
  };
}

/** The datatype of the tensor `config` in the protocol. @throws Fault if it is missing or not supported. */
export function declaredDatatypeOf(config: TensorConfig, what: string): Datatype {
  const { line } = positionOf(config, 'data_type');
  const { data_type: type = 'TYPE_INVALID' } = config;
  if (type === 'TYPE_INVALID')
    throw new Fault({ line }, `${what} has no data_type; add it, for example data_type: TYPE_FP32`);
  const name = type === 'TYPE_STRING' ? 'BYTES' : type.slice('TYPE_'.length);
  if (!isDatatype(name))
    throw new Fault({ line }, `data_type ${type} of ${what} is not supported; use TYPE_FP32`);
  return name;
}

/** The dims of the tensor `config`. @throws Fault for an invalid size. */
export function dimsOf(config: TensorConfig, what: string): Shape {
  const { dims = [] } = config;
  const wrong = dims.find((size) => size < 1 && size !== -1);
  if (wrong === undefined) return dims;
  const { line } = positionOf(config, 'dims');
  throw new Fault(
    { line },
    `dims of ${what}: expected sizes of at least 1, or -1 for any size, got ${wrong}`,
  );
}

function declared(config: TensorConfig, batched: boolean, file: string): DeclaredTensor {
  const { name } = config;
  const { line } = positionOf(config);
  if (name === undefined || name === '') throw new Fault({ line }, 'an input or output has no name; add it');
  const what = `'${name}'`;
  const withRows = (dims: Shape) => (batched ? [-1, ...dims] : dims);
  const tensor = {
    name,
    datatype: declaredDatatypeOf(config, what),
    shape: withRows(dimsOf(config, what)),
    where: `${file}:${line}`,
  };
  if (config.reshape === undefined) return tensor;
  return { ...tensor, inside: withRows(insideOf(config, what)) };
}

/** The dims in the model. @throws Fault unless both shapes are fixed and have the same number of elements. */
function insideOf(config: TensorConfig, what: string): Shape {
  const { dims = [], reshape } = config;
  const { shape = [] } = reshape!;
  const isFixed = [...dims, ...shape].every((size) => size >= 1);
  if (isFixed && elementCount(dims) === elementCount(shape)) return shape;
  const { line } = positionOf(config, 'reshape');
  throw new Fault(
    { line },
    `reshape of ${what}: expected two fixed shapes with the same number of elements, got [${dims.join(',')}] and [${shape.join(',')}]`,
  );
}

function unique(tensors: readonly TensorConfig[]): readonly TensorConfig[] {
  const names = new Set<string | undefined>();
  for (const tensor of tensors) {
    if (names.has(tensor.name))
      throw new Fault(
        { line: positionOf(tensor).line },
        `'${tensor.name}' is declared twice; remove one declaration`,
      );
    names.add(tensor.name);
  }
  return tensors;
}
