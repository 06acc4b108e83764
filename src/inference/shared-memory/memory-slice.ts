import type { Tensor } from '../../tensor/tensor';
import type { Parameters } from '../request/parameters';
import { mismatch } from '../request/mismatch';

/** Where in shared memory the bytes of one tensor lie. */
export interface MemorySlice {
  /** Name that the region was registered with. */
  readonly region: string;
  /** Bytes from the start of the region. */
  readonly offset: number;
  readonly byteSize: number;
}

/** As long as a name in a path may be. */
export const LONGEST_REGION_NAME = 256;

/** A tensor of a request or an answer; with a `slice` its bytes lie there, and `data` is empty. */
export interface PlacedTensor extends Tensor {
  readonly slice?: MemorySlice;
}

/** Whether a tensor lies in shared memory, or is to be written there. */
export function hasSlice({ slice }: { readonly slice?: MemorySlice | undefined }): boolean {
  return slice !== undefined;
}

/**
 * The slice that the parameters of the shared memory extension name; undefined without any of them.
 * @param path the input or output whose parameters they are.
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
  if (typeof region !== 'string' || region === '' || region.length > LONGEST_REGION_NAME) {
    throw mismatch(`${path}.parameters.shared_memory_region`, 'the name of a registered region', region);
  }
  return {
    region,
    offset: readBytes(offset ?? 0, `${path}.parameters.shared_memory_offset`),
    byteSize: readBytes(byteSize, `${path}.parameters.shared_memory_byte_size`),
  };
}

/** The parameters that name `slice`; an offset of 0 goes without saying. */
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
