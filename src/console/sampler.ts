import { setImmediate as pause } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Cluster, type Gathered } from '../common/cluster';
import { rounded } from '../common/rounded';
import { VERSION } from '../common/version';
import { Drain } from '../health/drain';
import { Readiness } from '../health/readiness';
import type { Model, Servable } from '../models/model';
import { ModelRegistry } from '../models/registry/model-registry';
import { Rollouts } from '../models/rollout/rollouts';
import { MAX_ERRORS } from '../observability/log/recent-errors';
import type { ConsoleError, ConsoleGateway, ConsoleModel } from './console.dto';
import { addedUp, failuresOf, versionKey, type ProcessCounts, type VersionCounts } from './counts';
import { ConsoleFrame, framedModel, type FramedModel } from './frame';
import { ProcessReport, VERSIONS_AT_ONCE } from './process-report';
import { ratesBetween } from './rates';

const INTERVAL_MS = 1000;

/** Rates and percentiles are those of this many intervals. */
const WINDOW = 10;

/** How long sampling continues for the next reader, whose rates are then known immediately. */
const LINGER_MS = 30_000;

/** The counts of all processes at one moment, on the `performance.now()` clock. */
interface Sample {
  readonly at: number;
  readonly cpuS: number;
  readonly versions: ReadonlyMap<string, VersionCounts>;
}

/** Receives frames. */
export type FrameListener = (frame: ConsoleFrame) => void;

/** Makes a {@link ConsoleFrame} every second, while clients read them. All of them share it. */
@Injectable()
export class Sampler implements OnApplicationShutdown {
  private readonly logger = new Logger('Console');
  private readonly gather: () => Promise<Gathered<ProcessCounts>>;
  private readonly listeners = new Set<FrameListener>();
  /** The last samples, oldest first. */
  private samples: Sample[] = [];
  private latest: ConsoleFrame | undefined;
  private knownErrors: ReadonlySet<string> = new Set();
  private timer: NodeJS.Timeout | undefined;
  private isSampling = false;
  private lastRead = 0;

  constructor(
    cluster: Cluster,
    report: ProcessReport,
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
    private readonly readiness: Readiness,
    private readonly drain: Drain,
  ) {
    this.gather = cluster.gather('console', () => report.current());
  }

  /** Calls `listener` with every frame, until the function that it returns is called. */
  listen(listener: FrameListener): () => void {
    this.listeners.add(listener);
    this.begin();
    return () => {
      this.listeners.delete(listener);
      this.lastRead = performance.now();
    };
  }

  /** The next frame with rates. The first takes a second, because rates need two samples. */
  next(): Promise<ConsoleFrame> {
    return new Promise((resolve) => {
      const stop = this.listen((frame) => {
        if (this.samples.length < 2) return;
        stop();
        resolve(frame);
      });
    });
  }

  onApplicationShutdown(): void {
    this.end();
  }

  private begin(): void {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => void this.tick(), INTERVAL_MS);
    // Sampling keeps no process alive.
    this.timer.unref();
    void this.tick();
  }

  private end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.samples = [];
    this.latest = undefined;
    this.knownErrors = new Set();
  }

  private async tick(): Promise<void> {
    if (this.listeners.size === 0 && performance.now() - this.lastRead > LINGER_MS) return this.end();
    // A sample that takes longer than an interval delays the next one.
    if (this.isSampling) return;
    this.isSampling = true;
    try {
      const frame = await this.sample();
      for (const listener of this.listeners) listener(frame);
    } catch (error) {
      this.logger.error({ msg: 'cannot read the state of the gateway for the console', err: error });
    } finally {
      this.isSampling = false;
    }
  }

  private async sample(): Promise<ConsoleFrame> {
    const { values, stale, running } = await this.gather();
    const now: Sample = {
      at: performance.now(),
      cpuS: [...values, ...stale].reduce((sum, { cpuS }) => sum + cpuS, 0),
      versions: addedUp(values, stale),
    };
    this.samples = [...this.samples, now].slice(-WINDOW - 1);
    const models = await this.models(now);
    const errors = errorsOf(values);
    const frame = new ConsoleFrame(
      Date.now(),
      this.gateway(values, running, now),
      models,
      [...(this.latest?.models.keys() ?? [])].filter((key) => !models.has(key)),
      errors,
      errors.filter(({ id }) => !this.knownErrors.has(id)),
    );
    this.knownErrors = new Set(errors.map(({ id }) => id));
    this.latest = frame;
    return frame;
  }

  private async models(now: Sample): Promise<ReadonlyMap<string, FramedModel>> {
    const models = new Map<string, FramedModel>();
    let count = 0;
    for (const model of this.registry.list()) {
      const ready = model.versions.filter(({ state }) => state === 'READY').map(({ version }) => version);
      for (const version of model.versions) {
        const key = versionKey({ model: model.name, version: version.version });
        const counts = now.versions.get(key);
        // It was loaded after the sample.
        if (counts === undefined) continue;
        models.set(
          key,
          framedModel(this.modelOf(model, version, ready, counts, now.at), this.latest?.models.get(key)),
        );
        if (++count % VERSIONS_AT_ONCE === 0) await pause();
      }
    }
    return models;
  }

  private modelOf(
    { name }: Model,
    { version, state, reason, platform, device, targets }: Servable,
    ready: readonly string[],
    counts: VersionCounts,
    at: number,
  ): ConsoleModel {
    const first = this.samples.find(({ versions }) => versions.has(versionKey(counts)))!;
    const before = first.at === at ? undefined : first.versions.get(versionKey(counts));
    const aliases = Object.entries(this.rollouts.of(name).aliases);
    return {
      model: name,
      version,
      state,
      reason,
      platform,
      ...(device === undefined ? {} : { device }),
      ...(counts.memoryBytes === 0 ? {} : { memory_bytes: counts.memoryBytes }),
      aliases: aliases.filter(([, target]) => target === version).map(([alias]) => alias),
      traffic: rounded(this.rollouts.shareOf(name, version, ready)),
      ...ratesBetween(before, counts, (at - first.at) / 1000),
      queue_requests: counts.waitingRequests,
      running: counts.running,
      requests: counts.successes + failuresOf(counts),
      errors: counts.failures,
      restarts: counts.restarts,
      targets: targets.map(({ target, inFlight, ...status }) => ({
        target: target.id,
        state: status.state,
        reason: status.reason,
        in_flight: inFlight,
      })),
    };
  }

  private gateway(processes: readonly ProcessCounts[], running: number, now: Sample): ConsoleGateway {
    const first = this.samples[0]!;
    const seconds = (now.at - first.at) / 1000;
    const sum = (value: (counts: ProcessCounts) => number) =>
      processes.reduce((total, counts) => total + value(counts), 0);
    return {
      version: VERSION,
      started: Math.round(performance.timeOrigin),
      state: this.state(),
      processes: running,
      cpu_cores: seconds === 0 ? 0 : rounded(Math.max(0, now.cpuS - first.cpuS) / seconds),
      memory_bytes: sum(({ memoryBytes }) => memoryBytes),
      in_flight_bytes: sum(({ inFlightBytes }) => inFlightBytes),
      in_flight_limit_bytes: sum(({ inFlightLimitBytes }) => inFlightLimitBytes),
      event_loop_ms: rounded(Math.max(0, ...processes.map(({ eventLoopMs }) => eventLoopMs))),
      connections: sum(({ connections }) => connections),
    };
  }

  private state(): ConsoleGateway['state'] {
    if (this.drain.active) return 'draining';
    if (!this.registry.settled) return 'starting';
    return this.readiness.reason === '' ? 'ready' : 'not_ready';
  }
}

/** The last errors of all processes, newest first. */
function errorsOf(processes: readonly ProcessCounts[]): readonly ConsoleError[] {
  return processes
    .flatMap(({ pid, errors }) =>
      errors.map(({ id, requestId, model, version, ...error }) => ({
        id: `${pid}-${id}`,
        ...error,
        ...(model === undefined ? {} : { model }),
        ...(version === undefined ? {} : { version }),
        request_id: requestId,
      })),
    )
    .toSorted((one, other) => other.time - one.time)
    .slice(0, MAX_ERRORS);
}
