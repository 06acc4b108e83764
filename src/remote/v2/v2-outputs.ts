import { mismatch } from '../../common/mismatch';
import { NexusError } from '../../common/nexus-error';
import { jsonText, readJson } from '../../tensor/json/body';
import { decodeJsonData } from '../../tensor/json/data';
import { MAX_DIMENSIONS, elementCount, isDatatype, type Datatype } from '../../tensor/tensor';
import { TargetFailure } from '../target-failure';

/** An output in the JSON of a response, whose values are not checked. */
export interface V2Output {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Its bytes; undefined if they follow the JSON. */
  readonly data: Uint8Array | undefined;
  /** Number of bytes that follow the JSON. */
  readonly size: number;
}

/**
 * Reads the outputs in the JSON of a response.
 * @throws TargetFailure `garbage`
 */
export function readOutputs(json: Buffer): readonly V2Output[] {
  try {
    return readJson(jsonText(json), outputsOf);
  } catch (error) {
    // Anything else, such as a stack overflow, comes from the response, too.
    throw garbageResponse(error instanceof NexusError ? error.message : 'its JSON cannot be read');
  }
}

/** The failure for a response that is not valid. */
export function garbageResponse(problem: string): TargetFailure {
  return new TargetFailure('garbage', `the response is not valid: ${problem}`);
}

function outputsOf(message: unknown, exact: boolean): readonly V2Output[] {
  const items = (message as { outputs?: unknown } | null)?.outputs;
  if (!Array.isArray(items)) throw mismatch('outputs', 'an array', items);
  return items.map((item: unknown, index) => outputOf(item, `outputs[${index}]`, exact));
}

function outputOf(item: unknown, path: string, exact: boolean): V2Output {
  const { name, datatype, shape, parameters, data } = (item ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string') throw mismatch(`${path}.name`, 'a name', name);
  if (typeof datatype !== 'string' || !isDatatype(datatype))
    throw mismatch(`${path}.datatype`, 'a datatype', datatype);
  if (!isShape(shape)) throw mismatch(`${path}.shape`, 'a shape', shape);
  const size = (parameters as { binary_data_size?: unknown } | null | undefined)?.binary_data_size;
  if ((data === undefined || data === null) === (size === undefined))
    throw mismatch(path, 'either data or binary_data_size', size === undefined ? undefined : item);
  const count = elementCount(shape);
  if (size === undefined) {
    const bytes = decodeJsonData(data, datatype, count, `${path}.data`, exact);
    return { name, datatype, shape, data: bytes, size: 0 };
  }
  if (!isSize(size)) throw mismatch(`${path}.parameters.binary_data_size`, 'a number of bytes', size);
  return { name, datatype, shape, data: undefined, size };
}

function isShape(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_DIMENSIONS &&
    value.every(isSize) &&
    Number.isSafeInteger(elementCount(value))
  );
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
