import { errors } from '../common/errors';
import type { ModelMetrics } from '../observability/model-metrics';
import type { LoadedModel, OnnxFile } from '../runtime/messages';
import type { Runner } from '../runtime/runner';
import { Supervisor } from '../runtime/supervisor';
import { SYSTEM_CLOCK } from '../scheduling/clock';
import type { Job, JobResult } from '../scheduling/job';
import { Scheduler, type SchedulerLimits } from '../scheduling/scheduler';
import { fitTensors } from './declared-tensors';
import { labelFault } from './labels';
import { Priorities } from './priorities';
import { Reshaper } from './reshaper';
import type { Servable, Signature, VersionLoad, VersionObserver, VersionState } from './servable';
import { shareRunners, type VersionOptions } from './version-options';
import { warmUpRuns } from './warm-up';

const DEFAULTS = {
  max_batch_rows: 64,
  max_queue_delay_us: 0,
  max_queue_rows: 8192,
  max_queue_bytes: 256 * 1024 * 1024,
  timeout_ms: 30_000,
  load_timeout_ms: 300_000,
} as const;

/** One version of an ONNX model: its state, its runners and its scheduler. */
export class ModelVersion implements Servable {
  readonly platform = 'onnxruntime_onnx';
  state: VersionState = 'LOADING';
  reason = '';
  device: 'cpu' | 'cuda' | undefined;
  loadMs: number | undefined;
  loadedAt: Date | undefined;
  /** The file it was loaded from; known once a runner has read it. */
  file: OnnxFile | undefined;
  unbatchable = '';
  /** Its settings, or the defaults. */
  limits: Readonly<Record<keyof typeof DEFAULTS, number>>;
  private readonly supervisor: Supervisor;
  private readonly reshaper: Reshaper | undefined;
  private priorities: Priorities;
  /** Requests that use it, some of which may still be read. */
  private users = 0;
  private deserted: (() => void) | undefined;
  /** There from the first load on: what the model takes, and whether it batches, is known only then. */
  private loaded: { readonly signature: Signature; readonly scheduler: Scheduler } | undefined;

  /** @param options changed by {@link follow} only. */
  constructor(
    public options: VersionOptions,
    private readonly observer: VersionObserver,
  ) {
    this.limits = { ...DEFAULTS, ...options.settings };
    this.reshaper = Reshaper.of(options.settings.declared);
    this.priorities = new Priorities(options.settings);
    this.supervisor = this.createSupervisor();
  }

  get name(): string {
    return this.options.model;
  }

  get version(): string {
    return this.options.version;
  }

  get signature(): Signature {
    if (this.loaded === undefined) throw this.notReady();
    return this.loaded.signature;
  }

  get metrics(): ModelMetrics {
    return this.options.metrics;
  }

  get load(): VersionLoad {
    return this.loaded?.scheduler.load ?? { waitingRows: 0, waitingRequests: 0, running: 0 };
  }

  /** Process ids of the runners. */
  get pids(): readonly number[] {
    return this.supervisor.pids;
  }

  get maxBatchRows(): number {
    return this.unbatchable === '' ? this.limits.max_batch_rows : 1;
  }

  /** Starts the runners, which load the model. Never rejects: a failure becomes the state and its reason. */
  async start(): Promise<void> {
    if (this.options.refusal !== undefined) return this.become('UNAVAILABLE', this.options.refusal);
    const started = performance.now();
    try {
      await this.supervisor.start();
      this.loadMs = performance.now() - started;
      this.loadedAt = new Date();
      if (this.state === 'LOADING') this.become('READY');
    } catch (error) {
      if (this.state === 'LOADING') this.become('UNAVAILABLE', (error as Error).message);
    }
  }

  /**
   * Goes on with `options`, when the runners that there are do for them. Returns whether they do; nothing has changed
   * when not.
   */
  follow(options: VersionOptions): boolean {
    if (this.state !== 'READY' || this.loaded === undefined) return false;
    const { signature, scheduler } = this.loaded;
    const { labels = {} } = options.settings;
    if (!shareRunners(this.options, options) || labelFault(labels, signature.outputs) !== undefined)
      return false;
    this.options = options;
    this.limits = { ...DEFAULTS, ...options.settings };
    this.priorities = new Priorities(options.settings);
    this.loaded = { signature: { ...signature, labels }, scheduler };
    scheduler.limit(this.schedulerLimits());
    this.reason = '';
    return true;
  }

  keep(reason: string): void {
    this.reason = `a newer file cannot be loaded, this one serves on: ${reason}`;
  }

  run(job: Job): Promise<JobResult> {
    if (this.loaded === undefined || this.state !== 'READY') return Promise.reject(this.notReady());
    const { scheduler } = this.loaded;
    const placed = this.placed(job);
    return this.reshaper?.run(placed, (inner) => scheduler.submit(inner)) ?? scheduler.submit(placed);
  }

  enter(): void {
    this.users++;
  }

  leave(): void {
    this.users--;
    if (this.users === 0) this.deserted?.();
  }

  /** Answers what it has taken, for as long as that takes, and ends the runners. */
  async retire(): Promise<void> {
    if (this.users > 0) await new Promise<void>((resolve) => (this.deserted = resolve));
    await this.loaded?.scheduler.drained();
    await this.stop();
  }

  /** Ends the runners at once. What waits is failed. */
  async stop(): Promise<void> {
    this.become('UNLOADING');
    this.loaded?.scheduler.fail(this.notReady());
    await this.supervisor.stop();
    this.become('UNAVAILABLE', 'unloaded');
  }

  notReady() {
    return errors.modelNotReady(this.name, this.version, this.state, this.reason);
  }

  /** The job at a priority level that the model has, with the end of the time that it may wait there as its deadline. */
  private placed(job: Job): Job {
    const priority = this.priorities.levelOf(job.priority);
    const { timeout_us: timeout = Infinity } = this.priorities.policyOf(priority);
    if (priority === job.priority && timeout === Infinity) return job;
    return { ...job, priority, deadline: Math.min(job.deadline, SYSTEM_CLOCK.now() + timeout / 1000) };
  }

  private become(state: VersionState, reason = ''): void {
    this.state = state;
    this.reason = reason;
    this.observer.stateChanged(this);
  }

  private createSupervisor(): Supervisor {
    const { path, root, device, placement } = this.options;
    const options = {
      label: `${this.name}/${this.version}`,
      load: { path, root, device, threads: placement.threads, probeBatching: this.limits.max_batch_rows > 1 },
      loadTimeoutMs: this.limits.load_timeout_ms,
      runTimeoutMs: this.limits.timeout_ms,
    };
    return new Supervisor(options, placement.instances, {
      prepare: (runner, model) => this.prepare(runner, model),
      up: (runner) => this.runnerUp(runner),
      down: (runner) => this.loaded!.scheduler.remove(runner),
      died: (reason) => this.observer.runnerDied(this, reason),
      broken: (reason) => this.broken(reason),
    });
  }

  private async prepare(runner: Runner, model: LoadedModel): Promise<void> {
    this.loaded ??= this.adopt(model);
    for (const inputs of warmUpRuns(model.inputs, this.options.settings)) {
      const given = this.reshaper?.toModel(inputs) ?? inputs;
      await runner.run(given, this.loaded.signature.outputNames).catch((error: Error) => {
        throw new Error(`a warm-up run fails: ${error.message}`);
      });
    }
  }

  /** @throws Error when the settings do not fit the model. */
  private adopt(model: LoadedModel): { signature: Signature; scheduler: Scheduler } {
    const { inputs, outputs } = fitTensors(this.options.settings.declared, model);
    const { labels = {} } = this.options.settings;
    const fault = labelFault(labels, model.outputs);
    if (fault !== undefined) throw new Error(fault);
    const { device, fallback, unbatchable, file } = model;
    this.device = device;
    this.file = file;
    this.unbatchable = this.limits.max_batch_rows > 1 ? unbatchable : 'max_batch_rows is 1';
    if (fallback !== undefined) this.observer.fellBack(this, fallback);
    const outputNames = outputs.map(({ name }) => name);
    const signature = { inputs, outputs, outputNames, labels, batches: this.unbatchable === '' };
    const { metrics } = this.options;
    return { signature, scheduler: new Scheduler(this.name, this.schedulerLimits(), SYSTEM_CLOCK, metrics) };
  }

  private schedulerLimits(): SchedulerLimits {
    return {
      maxBatchRows: this.maxBatchRows,
      maxQueueDelayUs: this.limits.max_queue_delay_us,
      maxQueueRows: this.limits.max_queue_rows,
      maxQueueBytes: this.limits.max_queue_bytes,
      timeoutMs: this.limits.timeout_ms,
      maxQueueRequests: (level: number) => this.priorities.policyOf(level).max_requests ?? Infinity,
      mergesRequests: this.options.settings.merge_requests ?? true,
    };
  }

  private runnerUp(runner: Runner): void {
    this.loaded!.scheduler.add(runner);
    if (this.state === 'UNAVAILABLE') this.become('READY');
  }

  private broken(reason: string): void {
    this.become('UNAVAILABLE', reason);
    this.loaded?.scheduler.fail(this.notReady());
  }
}
