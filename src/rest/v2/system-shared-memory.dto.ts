/** A shared memory region to register. */
export class SystemSharedMemoryRegistration {
  /** Name of a file in the folder, with or without a leading slash, as for shm_open. */
  key: string;
  /** Offset from the start of the file in bytes, 0 by default. */
  offset?: number;
  /** Size of the region in bytes. */
  byte_size: number;
}

/** A shared memory region. */
export class SystemSharedMemoryRegion {
  /** @example example */
  name: string;
  /** @example /example */
  key: string;
  /**
   * Offset from the start of the file in bytes.
   * @example 0
   */
  offset: number;
  /**
   * Size of the region in bytes.
   * @example 64
   */
  byte_size: number;
}
