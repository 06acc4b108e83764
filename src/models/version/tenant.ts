import type { SchedulerLoad } from '../../scheduling/observer';
import type { ReferenceCount } from '../reference-count';
import type { VersionOptions } from '../version-options';

/** A model version as seen by memory management. */
export interface Tenant {
  readonly name: string;
  readonly version: string;
  readonly options: Pick<VersionOptions, 'path' | 'onDemand' | 'byRequest' | 'settings'>;
  /** Whether its runners accept requests. */
  readonly inMemory: boolean;
  /** The requests that use it. */
  readonly references: ReferenceCount;
  readonly load: SchedulerLoad;
  /** Resident memory of each of its runners, in bytes. */
  residentBytes(): Promise<readonly number[]>;
  /** Loads it into memory. @throws Error with a human-readable reason as its message. */
  bringIn(): Promise<void>;
  /** Removes it from memory. Resolves when its processes have ended. */
  takeOut(): Promise<void>;
}

/** Whether `tenant` can be evicted now: it is loaded on demand, not pinned, and not in use. */
export function isEvictable({ options, inMemory, references, load }: Tenant): boolean {
  const isIdle = !references.inUse && load.waitingRequests + load.running === 0;
  return inMemory && isIdle && options.onDemand && options.settings.pinned !== true;
}
