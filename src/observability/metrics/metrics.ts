import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { VERSION } from '../../common/version';
import { ConnectionMetrics } from './connection-metrics';
import { GrpcMetrics } from './grpc-metrics';
import { HttpMetrics } from './http-metrics';
import { InferenceMetrics } from './inference-metrics';
import type { ModelMetrics } from './model-metrics';
import { registerScraped, type Sample } from './scraped';

const MODEL_STATES = ['LOADING', 'READY', 'UNAVAILABLE', 'UNLOADING'] as const;

/** A version of a model at the time of a scrape. */
export interface ModelSnapshot {
  readonly model: string;
  readonly version: string;
  readonly state: (typeof MODEL_STATES)[number];
  /** Rows and requests that wait for an instance. */
  readonly waitingRows: number;
  readonly waitingRequests: number;
  /** Runs in flight. */
  readonly running: number;
  /** The batch window: how long an idle instance holds back a batch, in milliseconds. */
  readonly delayMs: number;
  /** How long loading took; undefined when it has not succeeded yet. */
  readonly loadMs: number | undefined;
  /** Its counters and histograms. */
  readonly metrics: ModelMetrics;
  /** Memory of its runners, in bytes, measured when asked for; undefined when it has none. */
  readonly memory: () => Promise<readonly number[]>;
}

/** Everything that `/metrics` exports. Features count through it and know no metrics library. */
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

  private readonly restarts = this.tally('nexus_runner_restarts_total', 'Runners that were started again.');
  private readonly fallbacks = this.tally(
    'nexus_device_fallbacks_total',
    'Models that may use CUDA and run on the CPU.',
  );
  private readonly loads = this.tally(
    'nexus_model_loads_total',
    'Times that a version of a model was brought into memory.',
  );
  private readonly evictions = this.tally(
    'nexus_model_evictions_total',
    'Times that a version of a model was taken out of memory to make room.',
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.gauge('nexus_build_info', 'Always 1; the labels tell the versions.', () => [
      { labels: { version: VERSION, node_version: process.version }, value: 1 },
    ]);
    this.gauge('nexus_queue_rows', 'Rows that wait for an instance.', () =>
      this.eachModel(({ waitingRows }) => waitingRows),
    );
    this.gauge('nexus_queue_requests', 'Requests that wait for an instance.', () =>
      this.eachModel(({ waitingRequests }) => waitingRequests),
    );
    this.gauge('nexus_queue_delay_seconds', 'How long an idle instance waits for company.', () =>
      this.eachModel(({ delayMs }) => delayMs / 1000),
    );
    this.gauge('nexus_running_executions', 'Runs under way.', () => this.eachModel(({ running }) => running));
    this.gauge('nexus_model_state', '1 for the state a version of a model is in, 0 for the others.', () =>
      MODEL_STATES.flatMap((state) => this.eachModel((model) => Number(model.state === state), { state })),
    );
    registerScraped(this.registry, {
      name: 'nexus_model_memory_bytes',
      help: 'Resident memory of the runners of a version of a model.',
      type: 'gauge',
      read: () => this.memory(),
    });
  }

  /** Sets the function that a scrape calls for a snapshot of every version. */
  watchModels(snapshot: () => Iterable<ModelSnapshot>): void {
    this.snapshot = snapshot;
  }

  /** A snapshot of every version of a model. */
  models(): Iterable<ModelSnapshot> {
    return this.snapshot();
  }

  /** A runner exited, or was killed because its run took too long, and is restarted. */
  runnerRestarted(model: string, version: string): void {
    this.restarts(model, version);
  }

  /** A model that may use CUDA fell back to the CPU. */
  deviceFellBack(model: string, version: string): void {
    this.fallbacks(model, version);
  }

  /** A version of a model was loaded into memory. */
  modelLoaded(model: string, version: string): void {
    this.loads(model, version);
  }

  /** A version of a model was evicted from memory to make room for another. */
  modelEvicted(model: string, version: string): void {
    this.evictions(model, version);
  }

  private async memory(): Promise<Sample[]> {
    const samples = Array.from(this.snapshot(), async ({ model, version, memory }) => {
      const runners = await memory();
      if (runners.length === 0) return [];
      return [{ labels: { model, version }, value: runners.reduce((sum, bytes) => sum + bytes) }];
    });
    return (await Promise.all(samples)).flat();
  }

  /** Registers a counter by version; returns the function that increments it. Versions that are not served have no series. */
  private tally(name: string, help: string): (model: string, version: string) => void {
    const counts = new Map<string, number>();
    const keyOf = (model: string, version: string) => JSON.stringify([model, version]);
    const read = () =>
      Array.from(this.snapshot()).flatMap(({ model, version }) => {
        const value = counts.get(keyOf(model, version));
        return value === undefined ? [] : [{ labels: { model, version }, value }];
      });
    registerScraped(this.registry, { name, help, type: 'counter', read });
    return (model, version) => {
      const key = keyOf(model, version);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    };
  }

  private gauge(name: string, help: string, read: () => Sample[]): void {
    registerScraped(this.registry, { name, help, type: 'gauge', read });
  }

  private eachModel(value: (model: ModelSnapshot) => number, more: Sample['labels'] = {}): Sample[] {
    return Array.from(this.snapshot(), (entry) => {
      const { model, version } = entry;
      return { labels: { model, version, ...more }, value: value(entry) };
    });
  }
}
