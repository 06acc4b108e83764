import { errors, NexusError } from '../../common/errors';
import { withinDeadline } from '../../common/within-deadline';
import type { ModelMetrics } from '../../observability/metrics/model-metrics';
import type { LoadedModel, OnnxFile } from '../../runtime/messages';
import type { Runner } from '../../runtime/runner';
import { Supervisor, type SupervisorObserver } from '../../runtime/supervisor';
import { SYSTEM_CLOCK } from '../../scheduling/clock';
import type { Job, JobResult } from '../../scheduling/job';
import { Scheduler } from '../../scheduling/scheduler';
import { labelFault, labelsOf, type Labels, signatureOf, type Signature } from '../signature';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import { limitsOf, schedulerLimitsOf, type Limits } from '../limits';
import { Padding } from './padding';
import { Priorities } from './priorities';
import { Reshaper } from './reshaper';
import type { Residency } from './residency';
import type { Tenant } from './tenant';
import type { Servable, VersionState, VersionObserver } from '../model';
import { withGpuAdvice } from '../../repository/triton/instances';
import { Users } from '../reference-count';
import { runnerOptionsOf, shareRunners, type VersionOptions } from './runner-options';
import { warmUpRuns } from './warm-up';

/** The reason of a version that is served, but not in memory. */
const NOT_IN_MEMORY = 'not in memory; the next request loads it';

/** One version of an ONNX model: its state, its runners and its scheduler. */
export class ModelVersion implements Servable, Tenant {
  readonly platform = 'onnxruntime_onnx';
  state: VersionState = 'LOADING';
  reason = '';
  device: 'cpu' | 'cuda' | undefined;
  loadMs: number | undefined;
  loadedAt: Date | undefined;
  /** The file it was loaded from; known once a runner has read it. */
  file: OnnxFile | undefined;
  unbatchable = '';
  /** Why it could not be tried out whether it batches; undefined when it was. */
  untried: string | undefined;
  /** Its settings, or the defaults. */
  limits: Limits;
  /** Whether its runners are there and take requests, or soon will again. */
  inMemory = false;
  private supervisor: Supervisor | undefined;
  /** Only one of the two: they come from different files. */
  private readonly reshaper: Reshaper | undefined;
  private readonly padding: Padding | undefined;
  private priorities: Priorities;
  readonly users = new Users();
  /** Aborted once it takes no more requests, for good. */
  readonly unloading = new AbortController();
  /** There from the first load on: what the model takes, and whether it batches, is known only then. */
  private loaded:
    | { readonly signature: Signature; readonly scheduler: Scheduler; readonly labelsOfFile: Labels }
    | undefined;

  /** @param options changed by {@link follow} only. */
  constructor(
    public options: VersionOptions,
    private readonly observer: VersionObserver,
    private readonly residency: Residency,
  ) {
    this.limits = limitsOf(options.settings);
    this.reshaper = Reshaper.of(options.settings.declared);
    this.padding = Padding.of(options.settings.pad, options.metrics);
    this.priorities = new Priorities(options.settings);
  }

  get name(): string {
    return this.options.model;
  }

  get version(): string {
    return this.options.version;
  }

  get isDescribed(): boolean {
    return this.loaded !== undefined;
  }

  get signature(): Signature {
    if (this.loaded === undefined) throw this.notReady();
    return this.loaded.signature;
  }

  get metrics(): ModelMetrics {
    return this.options.metrics;
  }

  get load(): Scheduler['load'] {
    return this.loaded?.scheduler.load ?? { waitingRows: 0, waitingRequests: 0, running: 0, delayMs: 0 };
  }

  async residentBytes(): Promise<readonly number[]> {
    return (await this.supervisor?.residentBytes()) ?? [];
  }

  get maxBatchRows(): number {
    return this.unbatchable === '' ? this.limits.max_batch_rows : 1;
  }

  /** Starts the runners, which load the model. Never rejects: a failure becomes the state and its reason. */
  async start(): Promise<void> {
    if (this.options.refusal !== undefined) return this.become('UNAVAILABLE', this.options.refusal);
    try {
      await this.residency.bring(this);
    } catch (error) {
      if (this.state === 'LOADING') this.become('UNAVAILABLE', (error as Error).message);
    }
  }

  /** Takes requests from now on, the first of which loads the model. */
  defer(): void {
    if (this.options.refusal !== undefined) this.become('UNAVAILABLE', this.options.refusal);
    else this.become('READY', NOT_IN_MEMORY);
  }

  /**
   * Resolves when its signature is known, for which the model is loaded where it never was.
   * @throws NexusError model_not_ready, memory_full; deadline_exceeded, while the load goes on.
   */
  async described(deadline: number): Promise<void> {
    if (!this.isDescribed) await withinDeadline(this.wake(), deadline, 'while its model was loaded');
  }

  async bringIn(): Promise<void> {
    if (this.state !== 'LOADING' && this.state !== 'READY') throw this.notReady();
    const started = performance.now();
    this.supervisor = this.createSupervisor();
    await this.supervisor.start().catch((error: Error) => {
      throw withGpuAdvice(error, this.options.settings);
    });
    // It may have been stopped once its runner had loaded.
    if (this.unloading.signal.aborted) throw this.notReady();
    this.inMemory = true;
    this.loadMs = performance.now() - started;
    this.loadedAt = new Date();
    if (this.state === 'LOADING' || this.state === 'READY') this.become('READY');
  }

  async takeOut(): Promise<void> {
    this.inMemory = false;
    this.become('READY', NOT_IN_MEMORY);
    await this.supervisor?.stop();
  }

  /**
   * Goes on with `options`, when the runners that there are do for them. Returns whether they do; nothing has changed
   * when not.
   */
  follow(options: VersionOptions): boolean {
    if (this.state !== 'READY' || this.loaded === undefined) return false;
    const { signature, scheduler, labelsOfFile } = this.loaded;
    const labels = labelsOf(options.settings, labelsOfFile, signature.outputs);
    const { softmax } = options.settings;
    const fault = labelFault(labels, signature.outputs) ?? softmaxFault(softmax, signature.outputs);
    if (!shareRunners(this.options, options) || fault !== undefined) return false;
    this.options = options;
    this.limits = limitsOf(options.settings);
    this.priorities = new Priorities(options.settings);
    const logits = softmaxOutputs(softmax, signature.outputs);
    this.loaded = { signature: { ...signature, labels, softmax: logits }, scheduler, labelsOfFile };
    scheduler.limit(schedulerLimitsOf(this.options.settings, this.priorities, this.maxBatchRows));
    this.reason = this.inMemory ? '' : NOT_IN_MEMORY;
    return true;
  }

  /** It has no parts. */
  review(): void {}

  keep(reason: string): void {
    this.reason = `a newer file cannot be loaded, this one serves on: ${reason}`;
  }

  run(job: Job): Promise<JobResult> {
    if (this.loaded === undefined || this.state !== 'READY') return Promise.reject(this.notReady());
    const { scheduler } = this.loaded;
    // Requests wait in the queue while the model is loaded.
    if (!this.inMemory) this.wake().catch((error: NexusError) => scheduler.fail(error));
    const submit = (inner: Job) => scheduler.submit(inner);
    const placed = this.priorities.place(job, SYSTEM_CLOCK.now());
    if (this.padding !== undefined) return this.padding.run(placed, submit);
    return this.reshaper?.run(placed, submit) ?? submit(placed);
  }

  enter(): void {
    this.users.enter();
  }

  leave(): void {
    this.users.leave();
  }

  /** Answers what it has taken, for as long as that takes, and ends the runners. */
  async retire(): Promise<void> {
    await this.users.gone();
    await this.loaded?.scheduler.drained();
    await this.stop();
  }

  /** Ends the runners at once. What waits is failed. */
  async stop(): Promise<void> {
    this.become('UNLOADING');
    this.unloading.abort();
    this.inMemory = false;
    this.loaded?.scheduler.fail(this.notReady());
    await this.supervisor?.stop();
    this.residency.leave(this);
    this.become('UNAVAILABLE', 'unloaded');
  }

  notReady() {
    return errors.modelNotReady(this.name, this.version, this.state, this.reason);
  }

  /** Brings the model into memory. @throws NexusError memory_full, model_not_ready */
  private async wake(): Promise<void> {
    try {
      await this.residency.bring(this);
    } catch (error) {
      if (error instanceof NexusError) throw error;
      if (this.state === 'READY') this.become('UNAVAILABLE', (error as Error).message);
      throw this.notReady();
    }
  }

  private become(state: VersionState, reason = ''): void {
    this.state = state;
    this.reason = reason;
    this.observer.stateChanged(this);
  }

  private createSupervisor(): Supervisor {
    const { placement, pool } = this.options;
    const options = runnerOptionsOf(this.options, this.limits);
    const observer: SupervisorObserver = {
      prepare: (runner, model) => this.prepare(runner, model),
      up: (runner) => this.runnerUp(runner),
      down: async (runner) => this.loaded?.scheduler.remove(runner),
      died: (reason) => this.observer.runnerDied(this, reason),
      broken: (reason) => this.broken(reason),
    };
    return new Supervisor(options, placement.instances, observer, pool);
  }

  private async prepare(runner: Runner, model: LoadedModel): Promise<void> {
    this.loaded ??= this.adopt(model);
    this.file = model.file;
    for (const inputs of warmUpRuns(model.inputs, this.options.settings)) {
      const given = this.reshaper?.toModel(inputs) ?? inputs;
      await runner.run(given, this.loaded.signature.outputNames).catch((error: Error) => {
        throw new Error(`a warm-up run fails: ${error.message}`, { cause: error });
      });
    }
    if (!this.inMemory) await this.residency.settle(this);
  }

  /** @throws Error when the settings do not fit the model. */
  private adopt(model: LoadedModel): NonNullable<ModelVersion['loaded']> {
    const { device, fallback, unbatchable } = model;
    const { settings, metrics } = this.options;
    const whyNot = this.limits.max_batch_rows > 1 ? unbatchable : 'max_batch_rows is 1';
    const signature = signatureOf(model, settings, whyNot === '');
    this.device = device;
    this.unbatchable = whyNot;
    this.untried = model.untried;
    if (model.untried !== undefined) this.observer.untried(this, model.untried);
    if (fallback !== undefined) this.observer.fellBack(this, fallback);
    const limits = schedulerLimitsOf(settings, this.priorities, this.maxBatchRows);
    const scheduler = new Scheduler(this.name, limits, SYSTEM_CLOCK, metrics);
    void scheduler.mixed.then((output) => this.stopBatching(output));
    return { signature, labelsOfFile: model.labels, scheduler };
  }

  /** The scheduler has stopped by itself; what comes from now on is not taken for rows. */
  private stopBatching(output: string): void {
    const loaded = this.loaded!;
    this.unbatchable = `the rows of output '${output}' depend on each other, as a check of a batch has shown`;
    this.loaded = { ...loaded, signature: { ...loaded.signature, batches: false } };
    if (this.reason === '') this.reason = `requests do not share runs: ${this.unbatchable}`;
    this.observer.mixed(this, `requests do not share runs any more: ${this.unbatchable}`);
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
