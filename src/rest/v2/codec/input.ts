import { errors } from '../../../common/errors';
import {
  MAX_DIMENSIONS,
  ELEMENT_BYTES,
  elementCount,
  isDatatype,
  type Datatype,
} from '../../../tensor/tensor';
import { sliceOf, type PlacedTensor } from '../../../inference/shared-memory/memory-slice';
import type { BinaryPart } from './binary-part';
import { asArray, asName, asObject } from '../../codec/fields';
import { decodeJsonData } from '../../../tensor/json/data';
import { mismatch } from '../../../common/mismatch';
import { readParameters } from '../../codec/parameters';

const DATATYPES = Object.keys(ELEMENT_BYTES).join(', ');

/**
 * Reads one item of `inputs`. Its bytes come from `data` or from the binary part of the request, or stay in shared memory.
 *
 * @param exact whether the item comes from parseExactJson.
 * @throws invalid with the path of the mistake; INEXACT if the item must be parsed exactly.
 */
export function readInput(value: unknown, path: string, binary: BinaryPart, exact: boolean): PlacedTensor {
  const input = asObject(value, path);
  const name = asName(input.name, `${path}.name`);
  const datatype = readDatatype(input.datatype, `${path}.datatype`);
  const shape = readShape(input.shape, `${path}.shape`);
  const parameters = readParameters(input.parameters, `${path}.parameters`);
  const size = parameters['binary_data_size'];
  const json = input.data ?? undefined;
  const slice = sliceOf(parameters, path);
  if (slice !== undefined) {
    requireNoData(json ?? size, path);
    // A new array each time, because it may be transferred to another thread.
    return { name, datatype, shape, data: new Uint8Array(0), slice };
  }
  if ((json === undefined) === (size === undefined)) {
    throw errors.invalidInput(
      `${path}: expected either data or parameters.binary_data_size, got ${size === undefined ? 'neither' : 'both'}`,
      path,
    );
  }
  const count = elementCount(shape);
  const data =
    size === undefined
      ? decodeJsonData(json, datatype, count, `${path}.data`, exact)
      : binary.take(readSize(size, path), datatype, count, path);
  return { name, datatype, shape, data };
}

function requireNoData(data: unknown, path: string): void {
  if (data === undefined) return;
  throw errors.invalidInput(
    `${path}: expected neither data nor parameters.binary_data_size with parameters.shared_memory_region`,
    path,
  );
}

function readDatatype(value: unknown, path: string): Datatype {
  if (typeof value !== 'string' || !isDatatype(value)) throw mismatch(path, `one of ${DATATYPES}`, value);
  return value;
}

function readShape(value: unknown, path: string): readonly number[] {
  const shape = asArray(value, path);
  if (shape.length > MAX_DIMENSIONS) throw mismatch(path, `at most ${MAX_DIMENSIONS} dimensions`, value);
  for (let i = 0; i < shape.length; i++) {
    if (!isSize(shape[i])) throw mismatch(`${path}[${i}]`, 'an integer from 0 to 2^53 - 1', shape[i]);
  }
  const count = elementCount(shape as number[]);
  if (!Number.isSafeInteger(count)) {
    throw errors.invalidInput(
      `${path}: expected a product below 2^53, got ${count === Infinity ? 'a larger one' : count}`,
      path,
    );
  }
  return shape as number[];
}

function readSize(value: unknown, path: string): number {
  if (!isSize(value))
    throw mismatch(`${path}.parameters.binary_data_size`, 'a number of bytes, 0 or more', value);
  return value;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
