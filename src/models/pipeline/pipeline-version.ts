import { isDeepStrictEqual } from 'node:util';
import type { Job, JobResult } from '../../scheduling/job';
import type { SchedulerLoad } from '../../scheduling/observer';
import type { ModelLookup, Servable, ServedStep, VersionState, VersionObserver } from '../model';
import type { Signature } from '../signature';
import { ServedVersion } from '../served-version';
import type { VersionOptions } from '../version-options';
import { Binder, type Binding } from './binding';
import type { PipelineDefinition } from '../../repository/pipeline-definition';
import { PipelineRun, type BoundSteps } from './run';

/**
 * One version of a pipeline, a model that is a graph of models. It has no runners, so its state is derived from its
 * parts: it is READY while each step has a READY version and these versions are compatible.
 */
export class PipelineVersion extends ServedVersion implements Servable {
  readonly platform = 'ensemble';
  readonly device = undefined;
  readonly loadMs = undefined;
  readonly file = undefined;
  readonly tokenizer = undefined;
  readonly targets = [];
  readonly forwarder = undefined;
  readonly identity = '';
  readonly maxBatchTokens = undefined;
  readonly untried = undefined;
  state: VersionState = 'LOADING';
  reason = '';
  private readonly binder: Binder;
  /** The versions that currently run the steps. */
  private binding: Binding | undefined;
  /** Whether its state is derived from its parts: from start to stop. */
  private follows = false;
  private kept = '';
  private running = 0;

  /** @throws ModelSettingsError if the steps have no topological order. */
  constructor(
    readonly options: VersionOptions,
    private readonly definition: PipelineDefinition,
    models: ModelLookup,
    private readonly observer: VersionObserver,
  ) {
    super();
    this.binder = new Binder(options.model, definition, options.settings, models);
  }

  get inMemory(): boolean {
    return this.isDescribed && [...this.parts.values()].every((part) => part.inMemory);
  }

  get isDescribed(): boolean {
    return this.binding !== undefined;
  }

  get signature(): Signature {
    if (this.latest === undefined) throw this.notReady();
    return this.latest.signature;
  }

  /** When its parts were bound. */
  get loadedAt(): Date | undefined {
    return this.binding?.at;
  }

  get unbatchable(): string {
    if (this.options.settings.max_batch_rows === 1) return 'max_batch_rows is 1';
    const single = [...this.parts].find(([, part]) => !part.signature.batches);
    return single === undefined ? '' : `${single[0].title}: ${single[1].unbatchable}`;
  }

  get maxBatchRows(): number {
    if (this.unbatchable !== '') return 1;
    const limits = [...this.parts.values()].map(({ maxBatchRows }) => maxBatchRows);
    return this.options.settings.max_batch_rows ?? Math.min(...limits);
  }

  /** Queued requests are counted in the load of the parts. */
  get load(): SchedulerLoad {
    return { waitingRows: 0, waitingRequests: 0, running: this.running, delayMs: 0, waitMs: 0 };
  }

  get steps(): readonly ServedStep[] {
    const { parts } = this;
    return this.definition.steps.map((step) => ({ step, part: parts.get(step) }));
  }

  /** The versions that run the steps; empty before the first binding. */
  private get parts(): BoundSteps {
    return this.latest?.parts ?? new Map();
  }

  async start(): Promise<void> {
    this.defer();
  }

  defer(): void {
    this.follows = true;
    this.review();
  }

  async described(deadline: number): Promise<void> {
    if (this.isDescribed) return;
    await this.binder.describe(deadline);
    this.review();
    if (!this.isDescribed) throw this.notReady();
  }

  /** Derives its state from its parts. Call it when the state of a part may have changed. */
  review(): void {
    if (!this.follows) return;
    const { state, reason, binding } = this.binder.look();
    this.binding = binding;
    this.become(state, binding === undefined ? reason : this.kept);
  }

  follow({ settings, refusal }: VersionOptions): boolean {
    const isSame = refusal === this.options.refusal && isDeepStrictEqual(settings, this.options.settings);
    if (isSame) this.kept = '';
    this.review();
    return isSame;
  }

  keep(reason: string): void {
    this.kept = `cannot load a newer pipeline, so this one continues to serve: ${reason}`;
    this.review();
  }

  async run(job: Job): Promise<JobResult> {
    if (this.state !== 'READY') throw this.notReady();
    await this.described(job.deadline);
    const bound = this.parts;
    const parts = [...bound.values()];
    for (const part of parts) part.enter();
    this.running++;
    try {
      const result = await new PipelineRun(bound, job).result();
      if (job.uncounted !== true) this.metrics.executed(job.rows, 0, result);
      return result;
    } finally {
      this.running--;
      for (const part of parts) part.leave();
    }
  }

  /** Empty: only its parts have runners. */
  async residentBytes(): Promise<readonly number[]> {
    return [];
  }

  async stop(): Promise<void> {
    this.follows = false;
    this.unload.abort();
    this.binding = undefined;
    this.become('UNAVAILABLE', 'unloaded');
  }

  /** The current binding, or the last one. */
  private get latest(): Binding | undefined {
    return this.binding ?? this.binder.latest;
  }

  private become(state: VersionState, reason: string): void {
    if (state === this.state && reason === this.reason) return;
    this.state = state;
    this.reason = reason;
    this.observer.stateChanged(this);
  }
}
