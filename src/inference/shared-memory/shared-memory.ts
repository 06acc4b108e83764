import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Siblings } from '../../common/siblings';
import { Config } from '../../config/config';
import type { InferenceRequest } from '../request/inference-request';
import { InputCheck } from './input-check';
import { mismatch } from '../../common/mismatch';
import { HeldRegions } from './held-regions';
import { MAX_REGION_NAME_LENGTH, type MemorySlice } from './memory-slice';
import { Region, type RegionStatus } from './region';

/** Each region is an open file. */
const MAX_REGIONS = 1024;

/** The body of a request to register a region. */
export interface Registration {
  readonly key?: unknown;
  readonly offset?: unknown;
  readonly byte_size?: unknown;
}

/** The regions of the system shared memory extension, in files of the folder NEXUS_SYSTEM_SHARED_MEMORY. */
@Injectable()
export class SharedMemory implements OnApplicationShutdown {
  private readonly regions = new Map<string, Region>();
  /** Names of the regions that are being opened, which are also in use. */
  private readonly opening = new Set<string>();

  constructor(
    private readonly config: Config,
    private readonly inputs: InputCheck,
    siblings: Siblings,
  ) {
    this.register = siblings.everywhere({
      name: 'register region',
      subject: ([name]) => ['region', name],
      decide: async (name: string, registration: Registration) => {
        await this.open(name, registration);
        return [undefined, [name, registration]] as const;
      },
      adopt: ([name, registration]: readonly [string, Registration]) => this.open(name, registration),
    });
    this.unregister = siblings.everywhere({
      name: 'unregister region',
      subject: ([name]) => (name === undefined ? ['region'] : ['region', name]),
      decide: async (name: string | undefined) => {
        await this.close(name);
        return [undefined, name] as const;
      },
      adopt: (name: string | undefined) => this.close(name),
      isInitial: () => true,
    });
  }

  /**
   * Registers a region under `name` in all gateway processes. Rejects with a NexusError: shared memory off, name in use, too many regions, a key
   * that is not a file in the folder, or a file that is too short.
   */
  readonly register: (name: string, registration: Registration) => Promise<void>;

  /**
   * Unregisters the region `name`, if it exists, or all regions, in all gateway processes. A file stays open until its
   * requests have completed.
   */
  readonly unregister: (name: string | undefined) => Promise<void>;

  private async open(name: string, { key, offset = 0, byte_size: byteSize }: Registration): Promise<void> {
    const folder = this.config.systemSharedMemory;
    if (folder === '') throw errors.sharedMemoryOff();
    const filename = filenameOf(key);
    const status: RegionStatus = {
      name,
      key: key as string,
      offset: readBytes(offset, 0, 'offset'),
      byte_size: readBytes(byteSize, 1, 'byte_size'),
    };
    this.requireFree(name);
    this.opening.add(name);
    try {
      this.regions.set(name, await Region.open(folder, filename, status));
    } finally {
      this.opening.delete(name);
    }
  }

  /** Returns the region `name`, or all regions. @throws NexusError region_not_found */
  status(name: string | undefined): RegionStatus[] {
    return (name === undefined ? [...this.regions.values()] : [this.find(name)]).map(({ status }) => status);
  }

  private async close(name: string | undefined): Promise<void> {
    const names = name === undefined ? [...this.regions.keys()] : [name];
    const regions = names.flatMap((each) => this.regions.get(each) ?? []);
    for (const each of names) this.regions.delete(each);
    await Promise.all(regions.map((region) => region.unregister()));
  }

  /**
   * Holds the regions that `request` uses. Release them when it has completed.
   * @throws NexusError region_not_found; invalid_input if a tensor is not within its region; too_large
   */
  hold({ inputs, outputs }: InferenceRequest): HeldRegions {
    const read = inputs.flatMap(({ slice }) => slice ?? []);
    this.requireWithinLimit(read);
    const regions = [...read, ...outputs.flatMap(({ slice }) => slice ?? [])].map((slice) => {
      const region = this.find(slice.region);
      region.requireWithin(slice);
      return [slice.region, region] as const;
    });
    return new HeldRegions(new Map(regions), this.inputs);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close(undefined);
  }

  private find(name: string): Region {
    const region = this.regions.get(name);
    if (region === undefined) throw errors.regionNotFound(name, this.config.systemSharedMemory !== '');
    return region;
  }

  private requireFree(name: string): void {
    if (name === '' || name.length > MAX_REGION_NAME_LENGTH)
      throw errors.invalidInput(
        `expected a region name of 1 to ${MAX_REGION_NAME_LENGTH} characters, got ${name.length}`,
      );
    if (this.regions.has(name) || this.opening.has(name)) throw errors.regionExists(name);
    if (this.regions.size + this.opening.size >= MAX_REGIONS) throw errors.tooManyRegions(MAX_REGIONS);
  }

  private requireWithinLimit(slices: readonly MemorySlice[]): void {
    const total = slices.reduce((sum, { byteSize }) => sum + byteSize, 0);
    if (total > this.config.bodyLimit) throw errors.inputsTooLarge(total, this.config.bodyLimit);
  }
}

/** The name of the file for `key`, which may start with the slash of POSIX shared memory objects. */
function filenameOf(key: unknown): string {
  const filename = typeof key === 'string' ? key.replace(/^\//, '') : '';
  if (!['', '.', '..'].includes(filename) && !filename.includes('/') && !filename.includes('\0'))
    return filename;
  throw mismatch('key', 'the name of a shared memory object, "/name" or "name" without further slashes', key);
}

function readBytes(value: unknown, least: number, path: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw mismatch(path, `a number of bytes, ${least} or more`, value);
}
