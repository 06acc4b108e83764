import type { NexusError } from '../../common/errors';
import type { ModelMetrics } from '../../observability/metrics/model-metrics';
import type { LoadedModel } from '../../runtime/messages';
import { SYSTEM_CLOCK } from '../../scheduling/clock';
import type { Instance } from '../../scheduling/instance';
import type { Job, JobResult } from '../../scheduling/job';
import type { SchedulerLoad } from '../../scheduling/observer';
import { Scheduler } from '../../scheduling/scheduler';
import type { ModelSettings } from '../../repository/model-settings';
import { softmaxFault, softmaxOutputs } from '../../repository/softmax';
import { limitsOf } from '../limits';
import { labelFault, type Signature } from '../signature';
import type { VersionOptions } from '../version-options';
import type { Adapter } from './adapter';
import { labelsOf, signatureOf } from './model-signature';
import { Padding } from './padding';
import { Priorities } from './priorities';
import { Reshaper } from './reshaper';
import { schedulerLimitsOf } from './scheduler-limits';

/** How the jobs of a model run that has loaded, whatever runners come and go. */
export class Execution {
  signature: Signature;
  /** Why requests are not batched; empty when they are. */
  unbatchable: string;
  /** Resolves once requests, which shared runs so far, share none any more: {@link unbatchable} says why. */
  readonly mixed: Promise<void>;
  private settings: ModelSettings;
  private priorities: Priorities;
  private readonly adapters: readonly Adapter[];
  private readonly scheduler: Scheduler;

  /** @throws Error when the settings do not fit the model. */
  constructor(
    readonly model: LoadedModel,
    { model: name, settings, metrics }: VersionOptions,
  ) {
    this.settings = settings;
    this.unbatchable = limitsOf(settings).max_batch_rows > 1 ? model.unbatchable : 'max_batch_rows is 1';
    this.signature = signatureOf(model, settings, this.unbatchable === '');
    this.adapters = adaptersOf(settings, metrics);
    this.priorities = new Priorities(settings);
    const limits = schedulerLimitsOf(settings, this.priorities, this.maxBatchRows);
    this.scheduler = new Scheduler(name, limits, SYSTEM_CLOCK, metrics);
    this.mixed = this.scheduler.mixed.then((output) => this.stopBatching(output));
  }

  get load(): SchedulerLoad {
    return this.scheduler.load;
  }

  get maxBatchRows(): number {
    return this.unbatchable === '' ? limitsOf(this.settings).max_batch_rows : 1;
  }

  /** Goes on with `settings`, for which the runners do. Returns whether they fit the model; nothing has changed when not. */
  follow(settings: ModelSettings): boolean {
    const { outputs } = this.signature;
    const labels = labelsOf(settings, this.model.labels, outputs);
    const fault = labelFault(labels, outputs) ?? softmaxFault(settings.softmax, outputs);
    if (fault !== undefined) return false;
    this.settings = settings;
    this.signature = { ...this.signature, labels, softmax: softmaxOutputs(settings.softmax, outputs) };
    this.priorities = new Priorities(settings);
    this.scheduler.limit(schedulerLimitsOf(settings, this.priorities, this.maxBatchRows));
    return true;
  }

  /** Runs `job`, which waits while there are no runners. Rejects with a NexusError. */
  run(job: Job): Promise<JobResult> {
    return this.runFrom(0, this.priorities.place(job, SYSTEM_CLOCK.now()));
  }

  /** Gives work to `runner` from now on. */
  add(runner: Instance): void {
    this.scheduler.add(runner);
  }

  /** Gives no more work to `runner`. Resolves when it has none under way. */
  remove(runner: Instance): Promise<void> {
    return this.scheduler.remove(runner);
  }

  /** Fails everything that waits. What runs is answered when it is done. */
  fail(error: NexusError): void {
    this.scheduler.fail(error);
  }

  /** Resolves when nothing waits and nothing runs. */
  drained(): Promise<void> {
    return this.scheduler.drained();
  }

  /** Runs `job` through the adapters from `index` on. */
  private runFrom(index: number, job: Job): Promise<JobResult> {
    const adapter = this.adapters[index];
    return adapter === undefined ? this.scheduler.submit(job) : this.runThrough(adapter, index, job);
  }

  private async runThrough(adapter: Adapter, index: number, job: Job): Promise<JobResult> {
    const adapted = adapter.before(job);
    const result = await this.runFrom(index + 1, adapted);
    return adapted === job ? result : { ...result, outputs: adapter.after(result.outputs, job) };
  }

  /** The scheduler has stopped by itself; what comes from now on is not taken for rows. */
  private stopBatching(output: string): void {
    this.unbatchable = `the rows of output '${output}' depend on each other, as a check of a batch has shown`;
    this.signature = { ...this.signature, batches: false };
  }
}

/** What is done to the jobs of a model: nothing, for most. No model has both, since they come from different files. */
function adaptersOf({ declared, pad }: ModelSettings, metrics: ModelMetrics): readonly Adapter[] {
  const adapters = [Reshaper.of(declared), Padding.of(pad, metrics)];
  return adapters.filter((adapter) => adapter !== undefined);
}
