import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gateway, Repository } from './gateway';
import type { Answer } from './http';
import { openFilesOf } from './processes';

/** Parameters that place a tensor in shared memory. */
export type Place = Readonly<Record<string, string | number>>;

/** The parameters that place `byteSize` bytes in a region. */
export function place(region: string, byteSize: number, offset = 0): Place {
  const parameters = { shared_memory_region: region, shared_memory_byte_size: byteSize };
  return offset === 0 ? parameters : { ...parameters, shared_memory_offset: offset };
}

/** `parameters` as messages of gRPC have them. */
export function typed(parameters: Place): Readonly<Record<string, object>> {
  const values = Object.entries(parameters).map(([key, value]) => [
    key,
    typeof value === 'string' ? { string_param: value } : { int64_param: value },
  ]);
  return Object.fromEntries(values) as Readonly<Record<string, object>>;
}

/** What is around a region in its file, on both sides. */
const AROUND = Buffer.from('abc');

/** A gateway that shares memory, and the folder of that memory. */
export class SharedRegions {
  private constructor(
    readonly gateway: Gateway,
    readonly folder: Repository,
  ) {}

  static async start(models: Repository): Promise<SharedRegions> {
    const folder = new Repository();
    const gateway = await Gateway.start(models, { NEXUS_SYSTEM_SHARED_MEMORY: folder.path });
    return new SharedRegions(gateway, folder);
  }

  /** Asks for a registration over REST. */
  register(name: string, registration: unknown): Promise<Answer> {
    const body = JSON.stringify(registration);
    return this.gateway.send(`/v2/systemsharedmemory/region/${name}/register`, { method: 'POST', body });
  }

  /** Forgets the region `name`, or all of them. */
  unregister(name?: string): Promise<Answer> {
    const path = name === undefined ? '' : `/region/${name}`;
    return this.gateway.send(`/v2/systemsharedmemory${path}/unregister`, { method: 'POST' });
  }

  /** Puts `bytes` into the middle of the file `name`, and registers them as the region of that name. */
  async share(name: string, bytes: Uint8Array): Promise<void> {
    this.folder.add(name, Buffer.concat([AROUND, bytes, AROUND]));
    const region = { key: `/${name}`, offset: AROUND.length, byte_size: bytes.byteLength };
    expect((await this.register(name, region)).status).toBe(200);
  }

  /** The bytes of the region `name`, once it is known that those around it are as they were. */
  read(name: string): Buffer {
    const bytes = readFileSync(this.path(name));
    expect([bytes.subarray(0, 3), bytes.subarray(-3)]).toEqual([AROUND, AROUND]);
    return bytes.subarray(3, -3);
  }

  /** The file of the region `name`. */
  path(name: string): string {
    return join(this.folder.path, name);
  }

  /** The files that the gateway has open. */
  get open(): string[] {
    return openFilesOf(this.gateway.pid, this.folder.path);
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    this.folder.remove();
  }
}
