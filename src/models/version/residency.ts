import { stat } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { coresOf } from '../../config/shares';
import { Metrics } from '../../observability/metrics/metrics';
import { isEvictable, type Tenant } from './tenant';
import { Semaphore } from '../../common/semaphore';

/**
 * Manages which models are in memory. Models loaded on demand or by request must fit into the memory budget, together
 * with all other models. If they do not, idle models are evicted, least recently used first. The memory of a model is
 * measured after it has loaded; before its first load, the size of its file is used.
 */
@Injectable()
export class Residency {
  /** Models in memory or being loaded. */
  private readonly tenants = new Set<Tenant>();
  /** Loads in progress: all requests that need a model wait for the same load. */
  private readonly loads = new Map<Tenant, Promise<void>>();
  /** Last measured memory of each model, in bytes. */
  private readonly measured = new WeakMap<Tenant, number>();
  /** Limits concurrent loads, because loading is CPU-bound. */
  private readonly cores: Semaphore;
  /** Makes room for one model at a time. */
  private readonly door = new Semaphore(1);
  private readonly budget: number;

  constructor(
    config: Config,
    private readonly metrics: Metrics,
  ) {
    const { memoryBudget } = config;
    this.budget = memoryBudget === 0 ? Infinity : memoryBudget;
    this.cores = new Semaphore(coresOf(config));
  }

  /**
   * Brings `tenant` into memory.
   * @throws NexusError memory_full; Error with the reason as its message if it cannot be loaded.
   */
  bring(tenant: Tenant): Promise<void> {
    const load = this.loads.get(tenant) ?? this.load(tenant);
    this.loads.set(tenant, load);
    return load;
  }

  /** Measures `tenant` after it has allocated its memory, and makes room for it. @throws NexusError memory_full */
  async settle(tenant: Tenant): Promise<void> {
    if (!isBounded(tenant)) return;
    await this.door.run(async () => {
      this.measured.set(tenant, sum(await tenant.residentBytes()));
      await this.makeRoom(tenant);
    });
  }

  /** Removes `tenant`, which is no longer in memory. */
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

  /** Evicts models until `tenant` and the remaining models fit. @throws NexusError memory_full */
  private async makeRoom(tenant: Tenant): Promise<void> {
    if (this.budget === Infinity) return;
    const sizes = new Map<Tenant, number>();
    for (const other of [...this.tenants, tenant]) sizes.set(other, await this.sizeOf(other));
    let excess = sum([...sizes.values()]) - this.budget;
    const victims = this.victims(tenant);
    const isEnough = sum(victims.map((victim) => sizes.get(victim) ?? 0)) >= excess;
    for (const victim of isEnough ? victims : []) {
      if (excess <= 0) return;
      // It may have been used in the meantime.
      if (!isEvictable(victim)) continue;
      await this.evict(victim);
      excess -= sizes.get(victim) ?? 0;
    }
    if (excess > 0) throw errors.memoryFull(tenant.name, sizes.get(tenant)!, this.budget);
  }

  /** Models that can be evicted for `tenant`, least recently used first. */
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

  /** Memory of `tenant` in bytes. While it loads, or is not in memory, at least the last measured value. */
  private async sizeOf(tenant: Tenant): Promise<number> {
    const bytes = sum(await tenant.residentBytes());
    if (bytes > 0 && !this.loads.has(tenant)) {
      this.measured.set(tenant, bytes);
      return bytes;
    }
    return Math.max(bytes, this.measured.get(tenant) ?? (await fileBytesOf(tenant)));
  }
}

/** Whether `tenant` must fit into the budget. Models loaded at start are exempt: the operator chose them. */
function isBounded({ options }: Tenant): boolean {
  return options.onDemand || options.byRequest;
}

/** Size of the model file in bytes; 0 if it no longer exists, which its load reports. */
async function fileBytesOf({ options }: Tenant): Promise<number> {
  const file = await stat(options.path).catch(() => undefined);
  return file?.size ?? 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
