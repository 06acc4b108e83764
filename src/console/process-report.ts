import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as pause } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { MemoryInFlight } from '../common/memory-in-flight';
import type { Servable } from '../models/model';
import { ModelRegistry } from '../models/registry/model-registry';
import { Log } from '../observability/log/log';
import { Metrics } from '../observability/metrics/metrics';
import { countsOf, type ProcessCounts } from './counts';

/** How often the memory of the runners is measured, which reads a file for each of them. */
const MEMORY_MS = 10_000;

/** Resolution of the delay of the event loop, which the histogram adds to each value. */
const RESOLUTION_MS = 10;

/** The event loop is not watched any more after this time without a report. */
const IDLE_MS = 5000;

/** Versions that are counted before other work of the event loop gets a turn. */
export const VERSIONS_AT_ONCE = 200;

/** Reports what this process has counted. */
@Injectable()
export class ProcessReport implements OnApplicationShutdown {
  private delays: ReturnType<typeof monitorEventLoopDelay> | undefined;
  private idle: NodeJS.Timeout | undefined;
  private memory = new WeakMap<Servable, number>();
  private measuredAt = -Infinity;

  constructor(
    private readonly registry: ModelRegistry,
    private readonly metrics: Metrics,
    private readonly log: Log,
    private readonly inFlight: MemoryInFlight,
  ) {}

  /** The counts of this process at this moment. */
  async current(): Promise<ProcessCounts> {
    const eventLoopMs = this.eventLoopMs();
    const served = this.registry.list().flatMap(({ versions }) => versions);
    await this.measure(served);
    const versions = [];
    for (const [index, version] of served.entries()) {
      versions.push(countsOf(version, this.metrics, this.memory.get(version) ?? 0));
      if (index % VERSIONS_AT_ONCE === VERSIONS_AT_ONCE - 1) await pause();
    }
    const { user, system } = process.cpuUsage();
    return {
      pid: process.pid,
      cpuS: (user + system) / 1e6,
      memoryBytes: process.memoryUsage.rss(),
      inFlightBytes: this.inFlight.used,
      inFlightLimitBytes: this.inFlight.limit,
      eventLoopMs,
      connections: this.metrics.connections.open,
      errors: this.log.recentErrors.all,
      versions,
    };
  }

  onApplicationShutdown(): void {
    this.stopWatching();
  }

  /** 99th percentile of the delay of the event loop since the last call; 0 at the first. */
  private eventLoopMs(): number {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stopWatching(), IDLE_MS).unref();
    if (this.delays === undefined) {
      this.delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.delays.enable();
      return 0;
    }
    const delayMs = this.delays.percentile(99) / 1e6 - RESOLUTION_MS;
    this.delays.reset();
    return Math.max(0, delayMs);
  }

  private stopWatching(): void {
    clearTimeout(this.idle);
    this.delays?.disable();
    this.delays = undefined;
  }

  private async measure(served: readonly Servable[]): Promise<void> {
    const now = performance.now();
    if (now - this.measuredAt < MEMORY_MS) return;
    this.measuredAt = now;
    await Promise.all(
      served.map(async (version) => {
        const runners = await version.residentBytes();
        this.memory.set(
          version,
          runners.reduce((sum, bytes) => sum + bytes, 0),
        );
      }),
    );
  }
}
