import type { NexusError } from '../../common/nexus-error';
import type { ModelMetrics } from '../../observability/metrics/model-metrics';
import type { LoadedModel } from '../../runtime/messages';
import { SYSTEM_CLOCK } from '../../common/clock';
import type { Instance } from '../../scheduling/instance';
import type { Job, JobResult } from '../../scheduling/job';
import type { SchedulerLoad } from '../../scheduling/observer';
import type { SchedulerLimits } from '../../scheduling/limits';
import { Scheduler } from '../../scheduling/scheduler';
import type { ModelSettings } from '../../repository/model-settings';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import { limitsOf } from '../limits';
import { labelFault, type Signature } from '../signature';
import type { VersionOptions } from '../version-options';
import type { Adapter } from './adapter';
import type { ServedTask } from '../task/served-task';
import { labelsOf, signatureOf } from './model-signature';
import { Padding } from './padding';
import { Priorities } from './priorities';
import { Reshaper } from './reshaper';
import { maxBatchTokensOf, schedulerLimitsOf } from './scheduler-limits';

/** Runs the jobs of a loaded model. Runners can be added and removed at any time. */
export class Execution {
  signature: Signature;
  /** Why requests are not batched; empty if they are. */
  unbatchable: string;
  /** Resolves when verification turns batching off; {@link unbatchable} then contains the reason. */
  readonly mixed: Promise<void>;
  private settings: ModelSettings;
  private priorities: Priorities;
  private readonly adapters: readonly Adapter[];
  private readonly scheduler: Scheduler;

  /**
   * @param requireReady called before a job is queued, which can be long after its request came, because texts and pictures
   * are converted first. Throws a NexusError if the version no longer accepts jobs.
   * @throws Error if the settings do not match the model.
   */
  constructor(
    readonly model: LoadedModel,
    private readonly options: VersionOptions,
    private readonly task: ServedTask | undefined,
    private readonly requireReady: () => void,
  ) {
    const { model: name, settings, metrics } = options;
    this.settings = settings;
    this.unbatchable = limitsOf(settings).max_batch_rows > 1 ? model.unbatchable : 'max_batch_rows is 1';
    this.signature = signatureOf(model, settings, this.unbatchable === '', task?.signature);
    this.adapters = adaptersOf(settings, metrics);
    this.priorities = new Priorities(settings);
    this.scheduler = new Scheduler(name, this.schedulerLimits, SYSTEM_CLOCK, metrics);
    this.mixed = this.scheduler.mixed.then((output) => this.stopBatching(output));
  }

  get load(): SchedulerLoad {
    return this.scheduler.load;
  }

  get maxBatchRows(): number {
    return this.unbatchable === '' ? limitsOf(this.settings).max_batch_rows : 1;
  }

  /** Maximum tokens in a run, padding included; undefined for a model that is not of text. */
  get maxBatchTokens(): number | undefined {
    const { task, placement } = this.options;
    if (task?.text === undefined) return undefined;
    return maxBatchTokensOf(this.settings.max_batch_tokens, this.model.device, placement.threads);
  }

  private get schedulerLimits(): SchedulerLimits {
    return schedulerLimitsOf(this.settings, this.priorities, this.maxBatchRows, this.maxBatchTokens);
  }

  /** Applies `settings` that need no new runners. Returns whether they match the model; if not, nothing changes. */
  follow(settings: ModelSettings): boolean {
    const { outputs } = this.signature;
    const labels = labelsOf(settings, this.model, this.task?.signature, outputs);
    const fault = labelFault(labels, outputs) ?? softmaxFault(settings.softmax, outputs);
    if (fault !== undefined) return false;
    this.settings = settings;
    this.signature = { ...this.signature, labels, softmax: softmaxOutputs(settings.softmax, outputs) };
    this.priorities = new Priorities(settings);
    this.scheduler.limit(this.schedulerLimits);
    return true;
  }

  /** Runs `job`. It waits in the queue while there are no runners. Throws or rejects with a NexusError. */
  run(job: Job): Promise<JobResult> {
    const placed = this.priorities.place(job, SYSTEM_CLOCK.now());
    const { task } = this;
    // Otherwise the job has tensors of the model.
    const isOfTask = task !== undefined && placed.inputs[0]?.name === task.signature.inputs[0]!.name;
    if (isOfTask) return task.run(placed, (row) => this.runFrom(0, row));
    return this.runFrom(0, placed);
  }

  /** Starts to schedule work on `runner`. */
  add(runner: Instance): void {
    this.scheduler.add(runner);
  }

  /** Stops scheduling work on `runner`. Resolves when its current run has finished. */
  remove(runner: Instance): Promise<void> {
    return this.scheduler.remove(runner);
  }

  /** Fails all queued jobs. Running jobs finish normally. */
  fail(error: NexusError): void {
    this.scheduler.fail(error);
  }

  /** Resolves when no jobs are queued or running. */
  drained(): Promise<void> {
    return this.scheduler.drained();
  }

  /** Runs `job` through the adapters, starting at `index`. */
  private runFrom(index: number, job: Job): Promise<JobResult> {
    const adapter = this.adapters[index];
    return adapter === undefined ? this.queue(job) : this.runThrough(adapter, index, job);
  }

  /** @throws NexusError model_not_ready; all other errors are rejections. */
  private queue(job: Job): Promise<JobResult> {
    this.requireReady();
    return this.scheduler.submit(job);
  }

  private async runThrough(adapter: Adapter, index: number, job: Job): Promise<JobResult> {
    const adapted = adapter.before(job);
    const result = await this.runFrom(index + 1, adapted);
    return adapted === job ? result : { ...result, outputs: adapter.after(result.outputs, job) };
  }

  /** Called when the scheduler has stopped batching: later requests are not treated as rows. */
  private stopBatching(output: string): void {
    this.unbatchable = `verification of a batch found that the rows of output '${output}' depend on each other`;
    // Texts and pictures stay rows, which then run alone.
    if (this.task === undefined) this.signature = { ...this.signature, batches: false };
  }
}

/** The adapters of a model; most have none. No model has both, because they are configured in different files. */
function adaptersOf({ declared, pad }: ModelSettings, metrics: ModelMetrics): readonly Adapter[] {
  const adapters = [Reshaper.of(declared), Padding.of(pad, metrics)];
  return adapters.filter((adapter) => adapter !== undefined);
}
