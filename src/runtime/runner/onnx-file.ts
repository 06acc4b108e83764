import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import type { OnnxFile } from '../messages';
import { digestOf } from './digest';
import { externalFiles } from './external-data';
import { metadataOf } from './onnx-metadata';
import { Refusal } from './refusal';
import { WireReader, type Field } from './wire';

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

/**
 * What the ONNX file at `path` says of itself. Reads the structure of the file, and the weights only for its digest.
 * @throws Refusal when the file is not to be loaded: it is none, has inputs or outputs that cannot be served, or
 * external data that is missing or outside `root`.
 */
export function inspect(path: string, root: string, digests = false): OnnxFile {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) throw new Refusal('the file is empty');
    const reader = new WireReader(fd);
    const file: Field = { number: 0, start: 0, end: size, value: 0 };
    refuseUnservable(reader, file);
    let bytes = size;
    const externals = externalFiles(reader, file, path, root);
    for (const external of externals) bytes += statSync(external).size;
    const digest = digests ? { digest: digestOf([path, ...externals]) } : {};
    return { bytes, ...digest, metadata: metadataOf(reader, file) };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const reason = `the file is not a readable ONNX model: ${(error as Error).message}`;
    throw new Refusal(reason, { cause: error });
  } finally {
    closeSync(fd);
  }
}

function refuseUnservable(reader: WireReader, file: Field): void {
  const graph = reader.last(file, 7);
  if (graph === undefined) throw new Error('it has no graph');
  for (const value of reader.fields(graph)) {
    if (value.number !== 11 && value.number !== 12) continue;
    const reason = unservable(reader, value);
    if (reason !== undefined) throw new Refusal(`${value.number === 11 ? 'input' : 'output'} ${reason}`);
  }
}

/** Why a ValueInfoProto cannot be served: `'name' is a map, not a tensor ...`. */
function unservable(reader: WireReader, value: Field): string | undefined {
  const name = reader.last(value, 1);
  const type = reader.last(value, 2);
  if (type === undefined) return undefined;
  const called = name === undefined ? "''" : `'${reader.text(name)}'`;
  for (const kind of reader.fields(type)) {
    const other = NOT_TENSORS[kind.number];
    if (other !== undefined) {
      return `${called} is ${other}, not a tensor; export the model with tensors only (for scikit-learn: zipmap=False)`;
    }
    const element = kind.number === 1 ? UNSUPPORTED_ELEMENTS[reader.last(kind, 1)?.value ?? 0] : undefined;
    if (element !== undefined)
      return `${called} has the element type ${element}, which is not supported; cast it to FLOAT or FLOAT16`;
  }
  return undefined;
}
