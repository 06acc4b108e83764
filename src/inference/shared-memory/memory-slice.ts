import type { Tensor } from '../../tensor/tensor';
import type { Parameters } from '../request/parameters';
import { mismatch } from '../../common/mismatch';

/** The location of a tensor's data in shared memory. */
export interface MemorySlice {
  /** Name of the registered region. */
  readonly region: string;
  /** Bytes from the start of the region. */
  readonly offset: number;
  readonly byteSize: number;
}

/** Maximum length of a region name, the same as for names in a path. */
export const MAX_REGION_NAME_LENGTH = 256;

/** A tensor of a request or response. If it has a `slice`, its data is in shared memory and `data` is empty. */
export interface PlacedTensor extends Tensor {
  readonly slice?: MemorySlice;
}

/** Whether a tensor is in shared memory, or must be written there. */
export function hasSlice({ slice }: { readonly slice?: MemorySlice | undefined }): boolean {
  return slice !== undefined;
}

/**
 * The slice in the parameters of the shared memory extension; undefined if none of them is set.
 * @param path path of the input or output with the parameters.
 * @throws NexusError invalid_input
 */
export function sliceOf(
  {
    shared_memory_region: region,
    shared_memory_byte_size: byteSize,
    shared_memory_offset: offset,
  }: Parameters,
  path: string,
): MemorySlice | undefined {
  if (region === undefined && byteSize === undefined && offset === undefined) return undefined;
  if (typeof region !== 'string' || region === '' || region.length > MAX_REGION_NAME_LENGTH) {
    throw mismatch(`${path}.parameters.shared_memory_region`, 'the name of a registered region', region);
  }
  return {
    region,
    offset: readBytes(offset ?? 0, `${path}.parameters.shared_memory_offset`),
    byteSize: readBytes(byteSize, `${path}.parameters.shared_memory_byte_size`),
  };
}

/** The parameters of `slice`. An offset of 0 is omitted. */
export function sliceParameters({ region, offset, byteSize }: MemorySlice): Record<string, string | number> {
  return {
    shared_memory_region: region,
    shared_memory_byte_size: byteSize,
    ...(offset === 0 ? {} : { shared_memory_offset: offset }),
  };
}

function readBytes(value: unknown, path: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw mismatch(path, 'a number of bytes, 0 or more', value);
}
