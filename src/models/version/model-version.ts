import { NexusError } from '../../common/nexus-error';
import { withinDeadline } from '../../common/within-deadline';
import { withGpuAdvice } from '../../repository/triton/instances';
import type { LoadedModel, OnnxFile } from '../../runtime/messages';
import type { Runner } from '../../runtime/runner';
import { Supervisor, type SupervisorObserver } from '../../runtime/supervisor';
import type { Job, JobResult } from '../../scheduling/job';
import type { SchedulerLoad } from '../../scheduling/observer';
import { limitsOf } from '../limits';
import type { Servable, VersionState, VersionObserver } from '../model';
import { ServedVersion } from '../served-version';
import type { Signature } from '../signature';
import type { VersionOptions } from '../version-options';
import { PreparedTask, type Converters } from '../task/prepared-task';
import type { Tokenizer } from '../../tasks/text/tokenizer';
import { Execution } from './execution';
import type { Residency } from './residency';
import { runnerOptionsOf, shareRunners } from './runner-options';
import type { Tenant } from './tenant';
import { warmUp } from './warm-up';

/** Reason of a version that is READY, but not in memory. */
const NOT_IN_MEMORY = 'not in memory; the next request loads it';

const NO_LOAD: SchedulerLoad = { waitingRows: 0, waitingRequests: 0, running: 0, delayMs: 0, waitMs: 0 };

/** One version of an ONNX model, with its state and its runners. */
export class ModelVersion extends ServedVersion implements Servable, Tenant {
  readonly platform = 'onnxruntime_onnx';
  readonly steps = undefined;
  readonly targets = [];
  readonly forwarder = undefined;
  state: VersionState = 'LOADING';
  reason = '';
  loadMs: number | undefined;
  loadedAt: Date | undefined;
  file: OnnxFile | undefined;
  /** Whether its runners accept requests, or are being restarted. */
  inMemory = false;
  private supervisor: Supervisor | undefined;
  /** Set by the first load: only then the signature of the model, and whether it batches, are known. */
  private execution: Execution | undefined;
  /** Set before its runners start, if it has a task. */
  private task: PreparedTask | undefined;

  /** @param options changed only by {@link follow}. */
  constructor(
    public options: VersionOptions,
    private readonly observer: VersionObserver,
    private readonly residency: Residency,
    private readonly converters: Converters,
  ) {
    super();
  }

  get identity(): string {
    return this.file?.digest ?? '';
  }

  get device(): 'cpu' | 'cuda' | undefined {
    return this.execution?.model.device;
  }

  get isDescribed(): boolean {
    return this.execution !== undefined;
  }

  get signature(): Signature {
    if (this.execution === undefined) throw this.notReady();
    return this.execution.signature;
  }

  get tokenizer(): Tokenizer | undefined {
    return this.task?.tokenizer;
  }

  get unbatchable(): string {
    return this.execution?.unbatchable ?? '';
  }

  get untried(): string | undefined {
    return this.execution?.model.untried;
  }

  get maxBatchRows(): number {
    return this.execution?.maxBatchRows ?? limitsOf(this.options.settings).max_batch_rows;
  }

  get maxBatchTokens(): number | undefined {
    return this.execution?.maxBatchTokens;
  }

  get load(): SchedulerLoad {
    return this.execution?.load ?? NO_LOAD;
  }

  async residentBytes(): Promise<readonly number[]> {
    return (await this.supervisor?.residentBytes()) ?? [];
  }

  /** Starts the runners, which load the model. Never rejects: a failure sets the state and the reason. */
  async start(): Promise<void> {
    if (this.options.refusal !== undefined) return this.become('UNAVAILABLE', this.options.refusal);
    try {
      await this.residency.bring(this);
    } catch (error) {
      if (this.state === 'LOADING') this.become('UNAVAILABLE', (error as Error).message);
    }
  }

  /** Accepts requests without loading the model; the first request loads it. */
  defer(): void {
    if (this.options.refusal !== undefined) this.become('UNAVAILABLE', this.options.refusal);
    else this.become('READY', NOT_IN_MEMORY);
  }

  async described(deadline: number): Promise<void> {
    if (!this.isDescribed) await withinDeadline(this.wake(), deadline, 'while the model was loading');
  }

  async bringIn(): Promise<void> {
    if (this.state !== 'LOADING' && this.state !== 'READY') throw this.notReady();
    const started = performance.now();
    await this.prepareTask();
    // It may have been stopped in the meantime, and would not stop runners that start now.
    if (this.unloading.aborted) throw this.notReady();
    this.supervisor = this.createSupervisor();
    await this.supervisor.start().catch((error: Error) => {
      throw withGpuAdvice(error, this.options.settings);
    });
    // It may have been stopped after its runner had loaded.
    if (this.unloading.aborted) throw this.notReady();
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

  follow(options: VersionOptions): boolean {
    if (this.state !== 'READY' || !shareRunners(this.options, options)) return false;
    if (this.execution?.follow(options.settings) !== true) return false;
    this.options = options;
    this.reason = this.inMemory ? '' : NOT_IN_MEMORY;
    return true;
  }

  /** It has no parts. */
  review(): void {}

  keep(reason: string): void {
    this.reason = `cannot load a newer file, so this one continues to serve: ${reason}`;
  }

  run(job: Job): Promise<JobResult> {
    const { execution } = this;
    if (execution === undefined || this.state !== 'READY') return Promise.reject(this.notReady());
    return execution.run(job);
  }

  /** Finishes all accepted requests, without a time limit, and stops the runners. */
  override async retire(): Promise<void> {
    await this.references.unused();
    await this.execution?.drained();
    await this.stop();
  }

  /** Stops the runners immediately. Queued requests fail. */
  async stop(): Promise<void> {
    this.become('UNLOADING');
    this.unload.abort();
    this.inMemory = false;
    this.execution?.fail(this.notReady());
    await this.supervisor?.stop();
    this.residency.leave(this);
    this.task?.close();
    this.become('UNAVAILABLE', 'unloaded');
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

  /** Allows `execution` to queue a job. Jobs wait in the queue while the model is loaded. @throws NexusError model_not_ready */
  private requireReady(execution: Execution): void {
    if (this.state !== 'READY') throw this.notReady();
    if (!this.inMemory) this.wake().catch((error: NexusError) => execution.fail(error));
  }

  private become(state: VersionState, reason = ''): void {
    this.state = state;
    this.reason = reason;
    this.observer.stateChanged(this);
  }

  private async prepareTask(): Promise<void> {
    const { task } = this.options;
    if (task === undefined || this.task !== undefined) return;
    const prepared = await PreparedTask.load(task, this.converters);
    // It may have been stopped in the meantime.
    if (this.unloading.aborted) prepared.close();
    else this.task = prepared;
  }

  private createSupervisor(): Supervisor {
    const { placement, pool } = this.options;
    const observer: SupervisorObserver = {
      prepare: (runner, model) => this.prepare(runner, model),
      up: (runner) => this.runnerUp(runner),
      down: async (runner) => this.execution?.remove(runner),
      died: (reason) => this.observer.runnerDied(this, reason),
      broken: (reason) => this.broken(reason),
    };
    return new Supervisor(runnerOptionsOf(this.options), placement.instances, observer, pool);
  }

  private async prepare(runner: Runner, model: LoadedModel): Promise<void> {
    this.execution ??= this.adopt(model);
    this.file = model.file;
    // Those of the runner: the outputs of a task can be others.
    const outputs = model.outputs.map(({ name }) => name);
    await warmUp(runner, model.inputs, outputs, this.options.settings);
    if (!this.inMemory) await this.residency.settle(this);
  }

  /** @throws Error if the settings do not match the model. */
  private adopt(model: LoadedModel): Execution {
    const execution: Execution = new Execution(model, this.options, this.task?.bind(model), () =>
      this.requireReady(execution),
    );
    this.execution = execution;
    if (model.untried !== undefined) this.observer.untried(this, model.untried);
    if (model.fallback !== undefined) this.observer.fellBack(this, model.fallback);
    void execution.mixed.then(() => this.mixed(execution));
    return execution;
  }

  private mixed({ unbatchable }: Execution): void {
    if (this.reason === '') this.reason = `requests do not share runs: ${unbatchable}`;
    this.observer.mixed(this, `requests no longer share runs: ${unbatchable}`);
  }

  private runnerUp(runner: Runner): void {
    this.execution!.add(runner);
    if (this.state === 'UNAVAILABLE') this.become('READY');
  }

  private broken(reason: string): void {
    this.become('UNAVAILABLE', reason);
    this.execution?.fail(this.notReady());
  }
}
