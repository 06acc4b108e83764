import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { VERSION } from '../../common/version';
import { ConnectionMetrics } from './connection-metrics';
import { GrpcMetrics } from './grpc-metrics';
import { HttpMetrics } from './http-metrics';
import { InferenceMetrics } from './inference-metrics';
import { MODEL_STATES, type ModelSnapshot } from './model-snapshot';
import { registerScraped, type Sample, type ScrapedMetric } from './scraped';
import { registerTargetMetrics } from './target-metrics';
import { registerTokenMetrics } from './token-metrics';
import { VersionTally } from './version-tally';

/** Everything that `/metrics` exports. Features count through it, and do not depend on a metrics library. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  readonly connections = new ConnectionMetrics(this.registry);
  readonly http = new HttpMetrics(this.registry);
  readonly grpc = new GrpcMetrics(this.registry);
  readonly inference = new InferenceMetrics(this.registry, () =>
    Array.from(this.snapshot(), ({ metrics }) => metrics),
  );
  private snapshot: () => Iterable<ModelSnapshot> = () => [];

  private readonly restarts = this.tally('nexus_runner_restarts_total', 'Runner restarts.');
  private readonly fallbacks = this.tally(
    'nexus_device_fallbacks_total',
    'Fallbacks to the CPU of models that may use CUDA.',
  );
  private readonly loads = this.tally(
    'nexus_model_loads_total',
    'Times that a model version was loaded into memory.',
  );
  private readonly evictions = this.tally(
    'nexus_model_evictions_total',
    'Times that a model version was evicted from memory to make room.',
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.gauge(
      'nexus_build_info',
      'Always 1; the labels contain the versions.',
      () => [{ labels: { version: VERSION, node_version: process.version }, value: 1 }],
      'first',
    );
    this.gauge('nexus_queue_rows', 'Rows in the queue.', () =>
      this.eachModel(({ waitingRows }) => waitingRows),
    );
    this.gauge('nexus_queue_requests', 'Requests in the queue.', () =>
      this.eachModel(({ waitingRequests }) => waitingRequests),
    );
    this.gauge(
      'nexus_queue_delay_seconds',
      'Current time that an idle runner waits for more requests.',
      () => this.eachModel(({ delayMs }) => delayMs / 1000),
      'max',
    );
    this.gauge('nexus_running_executions', 'Runs in flight.', () => this.eachModel(({ running }) => running));
    this.gauge(
      'nexus_model_state',
      '1 for the current state of a model version, 0 for all other states.',
      () =>
        MODEL_STATES.flatMap((state) => this.eachModel((model) => Number(model.state === state), { state })),
      'max',
    );
    registerTargetMetrics(this.registry, () => this.snapshot());
    registerTokenMetrics(this.registry, this.inference.models);
    registerScraped(this.registry, {
      name: 'nexus_model_memory_bytes',
      help: 'Resident memory of the runners of a model version.',
      type: 'gauge',
      read: () => this.memory(),
    });
  }

  /** Sets the function that a scrape calls for a snapshot of every version. */
  watchModels(snapshot: () => Iterable<ModelSnapshot>): void {
    this.snapshot = snapshot;
  }

  /** A snapshot of every model version. */
  models(): Iterable<ModelSnapshot> {
    return this.snapshot();
  }

  /** Counts a runner that exited, or was killed because its run took too long, and is being restarted. */
  runnerRestarted(model: string, version: string): void {
    this.restarts.add(model, version);
  }

  /** Restarts of the runners of a model version. */
  restartsOf(model: string, version: string): number {
    return this.restarts.of(model, version);
  }

  /** Counts a model that may use CUDA and fell back to the CPU. */
  deviceFellBack(model: string, version: string): void {
    this.fallbacks.add(model, version);
  }

  /** Counts a model version that was loaded into memory. */
  modelLoaded(model: string, version: string): void {
    this.loads.add(model, version);
  }

  /** Counts a model version that was evicted from memory to make room for another. */
  modelEvicted(model: string, version: string): void {
    this.evictions.add(model, version);
  }

  private async memory(): Promise<Sample[]> {
    const samples = Array.from(this.snapshot(), async ({ model, version, memory }) => {
      const runners = await memory();
      if (runners.length === 0) return [];
      return [{ labels: { model, version }, value: runners.reduce((sum, bytes) => sum + bytes) }];
    });
    return (await Promise.all(samples)).flat();
  }

  /**
   * Registers a counter by model version. Only served versions have series, from 0 on: Prometheus does not count the step from
   * no series to 1.
   */
  private tally(name: string, help: string): VersionTally {
    const tally = new VersionTally();
    const read = () => this.eachModel(({ model, version }) => tally.of(model, version));
    registerScraped(this.registry, { name, help, type: 'counter', read });
    return tally;
  }

  private gauge(
    name: string,
    help: string,
    read: () => Sample[],
    aggregator: ScrapedMetric['aggregator'] = 'sum',
  ): void {
    registerScraped(this.registry, { name, help, type: 'gauge', aggregator, read });
  }

  private eachModel(value: (model: ModelSnapshot) => number, more: Sample['labels'] = {}): Sample[] {
    return Array.from(this.snapshot(), (entry) => {
      const { model, version } = entry;
      return { labels: { model, version, ...more }, value: value(entry) };
    });
  }
}
