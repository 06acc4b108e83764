import type { DeclaredTensor, DeclaredTensors } from '../declared-tensors';
import { elementCount, isDatatype, type Datatype, type Shape } from '../../tensor/tensor';
import { Fault } from './text/fault';
import type { ModelConfig, TensorConfig } from './model-config';
import { positionOf } from './text/read-message';

/**
 * What `config` says of inputs and outputs. `file` is how the file is called in messages.
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

/** The datatype that a tensor of `config` has in the protocol. @throws Fault when it has none, or one that is not supported. */
export function declaredDatatypeOf(config: TensorConfig, what: string): Datatype {
  const { line } = positionOf(config, 'data_type');
  const { data_type: type = 'TYPE_INVALID' } = config;
  if (type === 'TYPE_INVALID') throw new Fault({ line }, `${what} has no data_type; add data_type: TYPE_...`);
  const name = type === 'TYPE_STRING' ? 'BYTES' : type.slice('TYPE_'.length);
  if (!isDatatype(name))
    throw new Fault({ line }, `${what} is ${type}, which is not supported; use TYPE_FP32`);
  return name;
}

/** The dims of a tensor of `config`. @throws Fault for a size that none can have. */
export function dimsOf(config: TensorConfig, what: string): Shape {
  const { dims = [] } = config;
  const wrong = dims.find((size) => size < 1 && size !== -1);
  if (wrong === undefined) return dims;
  const { line } = positionOf(config, 'dims');
  throw new Fault({ line }, `${what} has ${wrong} among its dims; a dimension is at least 1, or -1 for any`);
}

function declared(config: TensorConfig, batched: boolean, file: string): DeclaredTensor {
  const { name } = config;
  const { line } = positionOf(config);
  if (name === undefined || name === '') throw new Fault({ line }, 'a tensor has no name; add name');
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

/** The dims in the model. @throws Fault when they are not other fixed dims for as many elements. */
function insideOf(config: TensorConfig, what: string): Shape {
  const { dims = [], reshape } = config;
  const { shape = [] } = reshape!;
  const isFixed = [...dims, ...shape].every((size) => size >= 1);
  if (isFixed && elementCount(dims) === elementCount(shape)) return shape;
  const { line } = positionOf(config, 'reshape');
  throw new Fault(
    { line },
    `${what} is reshaped from [${dims.join(',')}] to [${shape.join(',')}]; both must be fixed, with as many elements`,
  );
}

function unique(tensors: readonly TensorConfig[]): readonly TensorConfig[] {
  const names = new Set<string | undefined>();
  for (const tensor of tensors) {
    if (names.has(tensor.name))
      throw new Fault({ line: positionOf(tensor).line }, `'${tensor.name}' is declared a second time`);
    names.add(tensor.name);
  }
  return tensors;
}
