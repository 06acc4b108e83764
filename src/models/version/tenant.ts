import type { SchedulerLoad } from '../../scheduling/observer';
import type { ReferenceCount } from '../reference-count';
import type { VersionOptions } from '../version-options';

/** A model version, as far as memory is concerned. */
export interface Tenant {
  readonly name: string;
  readonly version: string;
  readonly options: Pick<VersionOptions, 'path' | 'onDemand' | 'byRequest' | 'settings'>;
  /** Whether its runners are there, to take requests. */
  readonly inMemory: boolean;
  /** The requests that use it. */
  readonly references: ReferenceCount;
  readonly load: SchedulerLoad;
  /** Resident memory of each of its runners, in bytes. */
  residentBytes(): Promise<readonly number[]>;
  /** Brings it into memory. @throws Error whose message is the reason, for people. */
  bringIn(): Promise<void>;
  /** Takes it out of memory. Resolves when its processes are gone. */
  takeOut(): Promise<void>;
}

/** Whether `tenant` may be taken out of memory at this moment: it is on demand, not pinned, and nothing uses it. */
export function isEvictable({ options, inMemory, references, load }: Tenant): boolean {
  const isIdle = !references.inUse && load.waitingRequests + load.running === 0;
  return inMemory && isIdle && options.onDemand && options.settings.pinned !== true;
}
