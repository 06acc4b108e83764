import { closeSync, fstatSync, openSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { WireReader, type Field } from './wire';

/** Messages of onnx.proto that can hold, at some depth, a tensor with external data: field number to message. */
const INSIDE: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
  entry: {},
};

/** Fields of TypeProto that are not dense tensors. */
const NOT_TENSORS: Readonly<Record<number, string>> = {
  4: 'a sequence',
  5: 'a map',
  7: 'an opaque value',
  8: 'a sparse tensor',
  9: 'an optional value',
};

/** Values of TensorProto.DataType that ONNX Runtime for Node does not carry. */
const UNSUPPORTED_ELEMENTS: Readonly<Record<number, string>> = {
  14: 'COMPLEX64',
  15: 'COMPLEX128',
  16: 'BFLOAT16',
  17: 'FLOAT8E4M3FN',
  18: 'FLOAT8E4M3FNUZ',
  19: 'FLOAT8E5M2',
  20: 'FLOAT8E5M2FNUZ',
  21: 'UINT4',
  22: 'INT4',
  23: 'FLOAT4E2M1',
};

const MAX_DEPTH = 64;

/**
 * Why the ONNX file at `path` is not to be loaded, for people: inputs or outputs that cannot be served, or external
 * data outside `root`. Undefined when nothing speaks against it. Reads the structure of the file, not the weights.
 */
export function refusal(path: string, root: string): string | undefined {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return 'the file is empty';
    const reader = new WireReader(fd);
    const file: Field = { number: 0, start: 0, end: size, value: 0 };
    return unservable(reader, file) ?? escapingData(reader, file, path, root);
  } catch (error) {
    return `the file is not a readable ONNX model: ${(error as Error).message}`;
  } finally {
    closeSync(fd);
  }
}

function unservable(reader: WireReader, file: Field): string | undefined {
  const graph = only(reader, file, 7);
  if (graph === undefined) return 'the file is not a readable ONNX model: it has no graph';
  for (const { number, ...value } of reader.fields(graph.start, graph.end)) {
    if (number !== 11 && number !== 12) continue;
    const reason = unservableValue(reader, { number, ...value });
    if (reason !== undefined) return `${number === 11 ? 'input' : 'output'} ${reason}`;
  }
  return undefined;
}

/** Why a ValueInfoProto cannot be served: `'name' is a map, not a tensor ...`. */
function unservableValue(reader: WireReader, value: Field): string | undefined {
  const name = only(reader, value, 1);
  const type = only(reader, value, 2);
  if (type === undefined) return undefined;
  const called = name === undefined ? "''" : `'${reader.text(name)}'`;
  for (const kind of reader.fields(type.start, type.end)) {
    const other = NOT_TENSORS[kind.number];
    if (other !== undefined) {
      return `${called} is ${other}, not a tensor; export the model with tensors only (for scikit-learn: zipmap=False)`;
    }
    const element = kind.number === 1 ? UNSUPPORTED_ELEMENTS[only(reader, kind, 1)?.value ?? 0] : undefined;
    if (element !== undefined)
      return `${called} has the element type ${element}, which is not supported; cast it to FLOAT or FLOAT16`;
  }
  return undefined;
}

function escapingData(reader: WireReader, file: Field, path: string, root: string): string | undefined {
  for (const location of new Set(locations(reader, file, 'model', 0))) {
    const target = resolve(dirname(path), location);
    if (isAbsolute(location) || !isInside(target, root))
      return `external data '${location}' is outside the model repository`;
    const real = realPath(target);
    if (real === undefined) return `external data '${location}' is missing; it belongs beside model.onnx`;
    if (!isInside(real, root))
      return `external data '${location}' is a link that leaves the model repository`;
  }
  return undefined;
}

/** Every `location` of external data below `message`. */
function* locations(reader: WireReader, message: Field, kind: string, depth: number): Generator<string> {
  if (depth > MAX_DEPTH) throw new Error('the graph is nested too deep');
  const fields = [...reader.fields(message.start, message.end)];
  if (kind === 'entry') {
    const [key, value] = [
      fields.find(({ number }) => number === 1),
      fields.find(({ number }) => number === 2),
    ];
    if (key !== undefined && value !== undefined && reader.text(key) === 'location') yield reader.text(value);
    return;
  }
  for (const field of fields) {
    const inner = INSIDE[kind]?.[field.number];
    if (inner !== undefined) yield* locations(reader, field, inner, depth + 1);
  }
}

function only(reader: WireReader, message: Field, number: number): Field | undefined {
  return [...reader.fields(message.start, message.end)].findLast((field) => field.number === number);
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return !way.startsWith('..') && !isAbsolute(way);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
