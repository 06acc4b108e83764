import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import type { OnnxFile } from '../messages';
import { digestOf } from './digest';
import { externalFiles } from './external-data';
import { isLfsPointer, LFS_REMEDY } from './git-lfs';
import { onnxMetadataOf } from './onnx-metadata';
import { UnloadableModelError } from './unloadable-model-error';
import { unservable } from './value-types';
import { ProtobufFileReader, type ProtobufField } from './wire';
import { zipMaps } from './zip-map';

/**
 * Returns the size, metadata and, if `digests`, the digest of the ONNX file at `path`. Reads only the structure of the
 * file, and its weights only for the digest.
 * @throws UnloadableModelError if the file is not an ONNX model, has inputs or outputs that cannot be served, or has
 * external data that is missing or outside `root`.
 */
export function inspect(path: string, root: string, digests = false): OnnxFile {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) throw new UnloadableModelError('the file is empty');
    if (isLfsPointer(path)) throw new UnloadableModelError(`the file is ${LFS_REMEDY}`);
    const reader = new ProtobufFileReader(fd);
    const file: ProtobufField = { number: 0, start: 0, end: size, value: 0 };
    refuseUnservable(reader, file);
    let bytes = size;
    const externals = externalFiles(reader, file, path, root);
    for (const external of externals) bytes += statSync(external).size;
    const digest = digests ? { digest: digestOf([path, ...externals]) } : {};
    return { bytes, ...digest, metadata: onnxMetadataOf(reader, file) };
  } catch (error) {
    if (error instanceof UnloadableModelError) throw error;
    const reason = `the file is not a readable ONNX model: ${(error as Error).message}`;
    throw new UnloadableModelError(reason, { cause: error });
  } finally {
    closeSync(fd);
  }
}

/** @throws UnloadableModelError if an input or output cannot be served. */
function refuseUnservable(reader: ProtobufFileReader, file: ProtobufField): void {
  const graph = reader.last(file, 7);
  if (graph === undefined) throw new Error('it has no graph');
  for (const value of reader.fields(graph)) {
    if (value.number !== 11 && value.number !== 12) continue;
    const reason = unservable(reader, value, value.number === 11 ? 'input' : 'output');
    if (reason === undefined) continue;
    const name = reader.textIn(value, 1);
    const isServed = value.number === 11 ? hasDefault(reader, graph, name) : zipMaps(reader, graph).has(name);
    if (!isServed) throw new UnloadableModelError(reason);
  }
}

/** Whether the input `name` has a default value. Clients do not send such inputs. */
function hasDefault(reader: ProtobufFileReader, graph: ProtobufField, name: string): boolean {
  for (const tensor of reader.fields(graph)) {
    if (tensor.number === 5 && reader.textIn(tensor, 8) === name) return true;
  }
  return false;
}
