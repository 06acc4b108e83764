import { NexusError } from '../../common/nexus-error';
import type { ModelMetrics } from '../../observability/metrics/model-metrics';
import type { TargetStatus } from '../../remote/fleet/fleet-request';
import type { Job, JobResult } from '../../scheduling/job';
import type { SchedulerLoad } from '../../scheduling/observer';
import type { Servable, VersionState } from '../model';
import type { Signature } from '../signature';
import type { VersionOptions } from '../version-options';
import { differenceOf } from './remote-signature';

/** Kinds of errors of the local model after which a target may succeed. */
const RETRIABLE: ReadonlySet<NexusError['kind']> = new Set([
  'unavailable',
  'overloaded',
  'internal',
  'bad_gateway',
]);

/**
 * A model that runs here while it can, and on other servers when it fails or its queue is too long. In everything else it is
 * the local model; if that cannot be loaded, it is the remote one.
 */
export class OverflowVersion implements Servable {
  readonly platform = 'onnxruntime_onnx';
  readonly steps = undefined;
  readonly forwarder = undefined;
  /** Why the targets are not used; empty if they are. */
  private mismatch = '';
  private isCompared = false;

  /**
   * @param local the model here.
   * @param remote the model at the targets.
   * @param queueLimitMs the longest wait of a request in the queue of `local`.
   */
  constructor(
    private readonly local: Servable,
    private readonly remote: Servable,
    private readonly queueLimitMs: number,
  ) {}

  get name(): string {
    return this.local.name;
  }

  get version(): string {
    return this.local.version;
  }

  get options(): VersionOptions {
    return this.local.options;
  }

  get state(): VersionState {
    return this.local.state !== 'READY' && this.canOverflow ? 'READY' : this.local.state;
  }

  get reason(): string {
    const { reason, state } = this.local;
    if (state !== 'READY' && this.canOverflow) return `runs only on other servers: ${reason}`;
    return reason === '' ? this.mismatch : reason;
  }

  get device(): 'cpu' | 'cuda' | undefined {
    return this.local.device;
  }

  get loadMs(): number | undefined {
    return this.front.loadMs;
  }

  get loadedAt(): Date | undefined {
    return this.front.loadedAt;
  }

  get inMemory(): boolean {
    return this.local.inMemory;
  }

  /** A local model that was never loaded is asked first, because the targets may run another model. */
  get isDescribed(): boolean {
    return this.local.isDescribed || (this.local.state !== 'READY' && this.remote.isDescribed);
  }

  get identity(): string {
    return `${this.local.identity} ${this.remote.identity}`;
  }

  get file(): Servable['file'] {
    return this.local.file;
  }

  get signature(): Signature {
    return this.front.signature;
  }

  get tokenizer(): Servable['tokenizer'] {
    return this.local.tokenizer;
  }

  get unbatchable(): string {
    return this.local.unbatchable;
  }

  get untried(): string | undefined {
    return this.local.untried;
  }

  get maxBatchRows(): number {
    return this.local.maxBatchRows;
  }

  get maxBatchTokens(): number | undefined {
    return this.local.maxBatchTokens;
  }

  get metrics(): ModelMetrics {
    return this.local.metrics;
  }

  get load(): SchedulerLoad {
    return this.local.load;
  }

  get targets(): readonly TargetStatus[] {
    return this.remote.targets;
  }

  get unloading(): AbortSignal {
    return this.local.unloading;
  }

  /** Whether the targets can be used. */
  private get canOverflow(): boolean {
    return this.mismatch === '' && this.remote.state === 'READY';
  }

  /** The one that clients see: the local model, unless only the remote one is described. */
  private get front(): Servable {
    return this.local.isDescribed || !this.remote.isDescribed ? this.local : this.remote;
  }

  async start(): Promise<void> {
    await Promise.all([this.local.start(), this.remote.start()]);
    this.review();
  }

  defer(): void {
    this.local.defer();
    void this.remote.start().then(() => this.review());
  }

  async described(deadline: number): Promise<void> {
    if (this.local.state !== 'READY') return this.remote.described(deadline);
    try {
      await this.local.described(deadline);
    } catch (error) {
      if (!this.canOverflow || !isRetriable(error)) throw error;
    }
  }

  follow(options: VersionOptions): boolean {
    if (!this.remote.follow(options)) return false;
    if (this.local.follow(options)) return true;
    this.remote.follow(this.local.options);
    return false;
  }

  /** Compares both models: a target with other inputs or outputs is not used. */
  review(): void {
    if (!this.local.isDescribed || !this.remote.isDescribed) return;
    this.isCompared = true;
    const difference = differenceOf({ platform: '', ...this.remote.signature }, this.local.signature);
    this.mismatch = difference === undefined ? '' : `its overflow targets run another model: ${difference}`;
  }

  keep(reason: string): void {
    this.local.keep(reason);
  }

  async run(job: Job): Promise<JobResult> {
    // A model that is loaded on demand is described by its first request.
    if (!this.isCompared) this.review();
    if (!this.canOverflow || job.text !== undefined) return this.local.run(job);
    const { state, isDescribed, load } = this.local;
    // A request before the first load was validated against the model at the targets.
    if (state !== 'READY' || !isDescribed || load.waitMs > this.queueLimitMs) return this.remote.run(job);
    try {
      return await this.local.run(job);
    } catch (error) {
      if (!isRetriable(error)) throw error;
      return this.remote.run(job);
    }
  }

  residentBytes(): Promise<readonly number[]> {
    return this.local.residentBytes();
  }

  enter(): void {
    this.local.enter();
    this.remote.enter();
  }

  leave(): void {
    this.local.leave();
    this.remote.leave();
  }

  async retire(): Promise<void> {
    await Promise.all([this.local.retire(), this.remote.retire()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.local.stop(), this.remote.stop()]);
  }

  notReady(): NexusError {
    return this.local.notReady();
  }
}

function isRetriable(error: unknown): boolean {
  return error instanceof NexusError && RETRIABLE.has(error.kind);
}
