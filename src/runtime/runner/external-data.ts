import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { isLfsPointer, LFS_REMEDY } from './git-lfs';
import { UnloadableModelError } from './unloadable-model-error';
import type { ProtobufField, ProtobufFileReader } from './wire';

/** Messages of onnx.proto that can contain a tensor with external data at some depth, by field number. */
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

const MAX_DEPTH = 64;

/**
 * Returns the real paths of the external data files of the model in `file`, which is at `path`, without duplicates.
 * @throws UnloadableModelError if one is missing, not a regular file, a Git LFS pointer, or outside `root`.
 */
export function externalFiles(
  reader: ProtobufFileReader,
  file: ProtobufField,
  path: string,
  root: string,
): ReadonlySet<string> {
  const unique = new Set(locations(reader, file, 'model', 0));
  return new Set([...unique].map((location) => locate(location, dirname(path), root)));
}

/** The real path of `location`, which is relative to `folder`. @throws UnloadableModelError */
function locate(location: string, folder: string, root: string): string {
  const target = resolve(folder, location);
  if (isAbsolute(location) || !isInside(target, root))
    throw new UnloadableModelError(`external data '${location}' is outside the model repository`);
  const real = realPath(target);
  if (real === undefined)
    throw new UnloadableModelError(`external data '${location}' is missing; put it next to model.onnx`);
  if (!isInside(real, root))
    throw new UnloadableModelError(
      `external data '${location}' is a link to a target outside the model repository`,
    );
  // Opening a pipe or a device may block forever.
  if (!statSync(real).isFile()) throw new UnloadableModelError(`external data '${location}' is not a file`);
  if (isLfsPointer(real)) throw new UnloadableModelError(`external data '${location}' is ${LFS_REMEDY}`);
  return real;
}

/** All `location` values of external data within `message`. */
function* locations(
  reader: ProtobufFileReader,
  message: ProtobufField,
  kind: string,
  depth: number,
): Generator<string> {
  if (depth > MAX_DEPTH) throw new Error('the graph is nested too deeply');
  if (kind === 'entry') {
    const [key, value] = [reader.last(message, 1), reader.last(message, 2)];
    if (key !== undefined && value !== undefined && reader.text(key) === 'location') yield reader.text(value);
    return;
  }
  for (const field of reader.fields(message)) {
    const inner = INSIDE[kind]?.[field.number];
    if (inner !== undefined) yield* locations(reader, field, inner, depth + 1);
  }
}

function isInside(path: string, root: string): boolean {
  const relativePath = relative(root, path);
  return !relativePath.startsWith('..') && !isAbsolute(relativePath);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
