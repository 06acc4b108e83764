import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { Metrics } from '../../observability/metrics/metrics';
import { isEvictable, type Tenant } from './tenant';
import { Semaphore } from '../../common/semaphore';

/**
 * Which models are in memory. Those that are loaded on demand or by request have to fit into the memory budget, together
 * with all others; when they do not, what was used least recently and is not in use makes room. What a model takes is measured
 * once it has loaded; before its first load it counts as the size of its file.
 */
@Injectable()
export class Residency {
  /** Those in memory or on the way there. */
  private readonly tenants = new Set<Tenant>();
  /** Loads under way: all who need a model wait for one load. */
  private readonly loads = new Map<Tenant, Promise<void>>();
  /** What each took when it was last measured, in bytes. */
  private readonly measured = new WeakMap<Tenant, number>();
  /** Loading is work for the CPU. */
  private readonly cores = new Semaphore(availableParallelism());
  /** Room is made for one model at a time. */
  private readonly door = new Semaphore(1);
  private readonly budget: number;

  constructor(
    { memoryBudget }: Config,
    private readonly metrics: Metrics,
  ) {
    this.budget = memoryBudget === 0 ? Infinity : memoryBudget;
  }

  /**
   * Brings `tenant` into memory.
   * @throws NexusError memory_full; Error whose message is the reason when it cannot be loaded.
   */
  bring(tenant: Tenant): Promise<void> {
    const load = this.loads.get(tenant) ?? this.load(tenant);
    this.loads.set(tenant, load);
    return load;
  }

  /** Called when `tenant`, which is on its way into memory, has all that it needs there. @throws NexusError memory_full */
  async settle(tenant: Tenant): Promise<void> {
    if (!isBounded(tenant)) return;
    await this.door.run(async () => {
      this.measured.set(tenant, sum(await tenant.residentBytes()));
      await this.makeRoom(tenant);
    });
  }

  /** `tenant` is no longer in memory. */
  leave(tenant: Tenant): void {
    this.tenants.delete(tenant);
  }

  private async load(tenant: Tenant): Promise<void> {
    try {
      await (isBounded(tenant) ? this.cores.run(() => this.admit(tenant)) : this.enter(tenant));
    } finally {
      this.loads.delete(tenant);
    }
  }

  private async admit(tenant: Tenant): Promise<void> {
    await this.door.run(async () => {
      await this.makeRoom(tenant);
      this.tenants.add(tenant);
    });
    await this.enter(tenant);
  }

  private async enter(tenant: Tenant): Promise<void> {
    this.tenants.add(tenant);
    try {
      await tenant.bringIn();
      this.metrics.modelLoaded(tenant.name, tenant.version);
    } catch (error) {
      this.leave(tenant);
      throw error;
    }
  }

  /** Takes models out of memory until the others and `tenant` fit. @throws NexusError memory_full */
  private async makeRoom(tenant: Tenant): Promise<void> {
    if (this.budget === Infinity) return;
    const sizes = new Map<Tenant, number>();
    for (const other of [...this.tenants, tenant]) sizes.set(other, await this.sizeOf(other));
    let excess = sum([...sizes.values()]) - this.budget;
    const victims = this.victims(tenant);
    const isEnough = sum(victims.map((victim) => sizes.get(victim) ?? 0)) >= excess;
    for (const victim of isEnough ? victims : []) {
      if (excess <= 0) return;
      // It may have been used since.
      if (!isEvictable(victim)) continue;
      await this.evict(victim);
      excess -= sizes.get(victim) ?? 0;
    }
    if (excess > 0) throw errors.memoryFull(tenant.name, sizes.get(tenant)!, this.budget);
  }

  /** All that may be taken out of memory for `tenant`, least recently used first. */
  private victims(tenant: Tenant): Tenant[] {
    return [...this.tenants]
      .filter((other) => other !== tenant && isEvictable(other))
      .toSorted((one, other) => one.references.lastAcquired - other.references.lastAcquired);
  }

  private async evict(victim: Tenant): Promise<void> {
    this.leave(victim);
    await victim.takeOut();
    this.metrics.modelEvicted(victim.name, victim.version);
  }

  /** What `tenant` takes; while it loads, and when it is not in memory, at least what it took before. */
  private async sizeOf(tenant: Tenant): Promise<number> {
    const bytes = sum(await tenant.residentBytes());
    if (bytes > 0 && !this.loads.has(tenant)) {
      this.measured.set(tenant, bytes);
      return bytes;
    }
    return Math.max(bytes, this.measured.get(tenant) ?? (await fileBytesOf(tenant)));
  }
}

/** Whether `tenant` has to fit into the budget. What is loaded at the start does not ask: it is the operator's choice. */
function isBounded({ options }: Tenant): boolean {
  return options.onDemand || options.byRequest;
}

/** 0 when the file has gone, for its own load to tell. */
async function fileBytesOf({ options }: Tenant): Promise<number> {
  const file = await stat(options.path).catch(() => undefined);
  return file?.size ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
