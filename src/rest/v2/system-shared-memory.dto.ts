/** What a shared memory region is to be. */
export class SystemSharedMemoryRegistration {
  /** Name of a file in the folder, as shm_open takes it: with a slash before it or without. */
  key: string;
  /** Bytes from the start of the file; 0 when absent. */
  offset?: number;
  byte_size: number;
}

/** A shared memory region. */
export class SystemSharedMemoryRegion {
  /** @example example */
  name: string;
  /** @example /example */
  key: string;
  /** @example 0 */
  offset: number;
  /** @example 64 */
  byte_size: number;
}
