import { isDeepStrictEqual } from 'node:util';
import type { Connection } from '../../remote/connection';
import { Fleet } from '../../remote/fleet/fleet';
import type { FleetObserver, TargetStatus } from '../../remote/fleet/fleet-request';
import type { Target, TargetTimeouts } from '../../remote/target';
import type { ModelSettings } from '../../repository/model-settings';
import { targetsByVersion, type TargetSettings } from '../../repository/remote-settings';
import { LIVE_SETTINGS } from '../../repository/settings';
import type { Job, JobResult } from '../../scheduling/job';
import type { SchedulerLoad } from '../../scheduling/observer';
import type { Servable, VersionObserver, VersionState } from '../model';
import { ServedVersion } from '../served-version';
import type { Signature } from '../signature';
import type { VersionOptions } from '../version-options';
import type { Forwarder } from '../forwarder';
import { policyOf } from './policy-of';
import { resolveTargets } from './resolve-targets';

/** Time in milliseconds after which a model is described again that could not be. */
const DESCRIBE_AGAIN_MS = 1000;

/** A version of a model that other servers run. It is READY while at least one of them can be used. */
export abstract class FleetVersion<C extends Connection> extends ServedVersion implements Servable {
  readonly platform = 'remote';
  readonly device = undefined;
  readonly file = undefined;
  readonly steps = undefined;
  readonly tokenizer = undefined;
  readonly untried = undefined;
  readonly maxBatchTokens = undefined;
  readonly maxBatchRows = 1;
  readonly unbatchable = 'the servers that run the model batch its requests';
  state: VersionState = 'LOADING';
  reason = '';
  loadMs: number | undefined;
  loadedAt: Date | undefined;
  protected fleet: Fleet<C> | undefined;
  /** Resolves when it is READY or UNAVAILABLE for the first time. */
  private readonly settled = Promise.withResolvers<void>();
  private startedAt = 0;
  private isDescribing = false;
  /** Describes the model again. */
  private again: NodeJS.Timeout | undefined;

  /**
   * @param options changed only by {@link follow}.
   * @param servers its targets.
   */
  constructor(
    public options: VersionOptions,
    private readonly servers: readonly TargetSettings[],
    protected readonly observer: VersionObserver,
  ) {
    super();
  }

  abstract readonly isDescribed: boolean;
  abstract readonly signature: Signature;
  abstract readonly forwarder: Forwarder | undefined;
  abstract run(job: Job): Promise<JobResult>;
  protected abstract connect(target: Target, timeouts: TargetTimeouts): C;
  /** Called when a target can be used, before the version is READY. A rejection is the reason why it is not. */
  protected abstract describe(): Promise<void>;
  /** Called when the settings have changed. @throws Error if they do not match the model. */
  protected abstract apply(settings: ModelSettings): void;

  get identity(): string {
    return JSON.stringify(this.servers.map(({ url, model, version }) => [url, model, version]));
  }

  get inMemory(): boolean {
    return this.state === 'READY';
  }

  get load(): SchedulerLoad {
    return { waitingRows: 0, waitingRequests: 0, running: this.fleet?.inFlight ?? 0, delayMs: 0, waitMs: 0 };
  }

  get targets(): readonly TargetStatus[] {
    return this.fleet?.status() ?? [];
  }

  async start(): Promise<void> {
    const { refusal, settings, model, folder, region } = this.options;
    this.startedAt = performance.now();
    if (refusal !== undefined) return this.become('UNAVAILABLE', refusal);
    try {
      const targets = await resolveTargets(this.servers, model, folder);
      if (this.unloading.aborted) return;
      const policy = policyOf(settings.remote, region);
      const members = targets.map((target) => ({
        target,
        connection: this.connect(target, policy.timeouts),
      }));
      this.fleet = new Fleet(model, members, policy, this.fleetObserver());
      this.fleet.start();
    } catch (error) {
      return this.become('UNAVAILABLE', (error as Error).message);
    }
    return this.settled.promise;
  }

  /** Its targets are checked at once: there is nothing to load. */
  defer(): void {
    void this.start();
  }

  async described(): Promise<void> {
    if (!this.isDescribed) throw this.notReady();
  }

  follow(options: VersionOptions): boolean {
    if (this.state !== 'READY' || !isDeepStrictEqual(needsOf(this.options), needsOf(options))) return false;
    try {
      this.apply(options.settings);
    } catch {
      return false;
    }
    this.options = options;
    this.reason = '';
    return true;
  }

  /** It has no parts. */
  review(): void {}

  keep(reason: string): void {
    this.reason = `the new settings cannot be used, so these continue to serve: ${reason}`;
  }

  /** Empty: its processes are elsewhere. */
  async residentBytes(): Promise<readonly number[]> {
    return [];
  }

  async stop(): Promise<void> {
    this.become('UNLOADING');
    this.unload.abort();
    clearTimeout(this.again);
    await this.fleet?.close();
    this.become('UNAVAILABLE', 'unloaded');
  }

  private fleetObserver(): FleetObserver {
    const { targets } = this.metrics;
    return {
      attempted: ({ id }, outcome, ms) => targets.of(id).attempted(outcome, ms),
      retried: ({ id }, why) => targets.of(id).retried(why),
      budgetExhausted: () => targets.budgetExhausted++,
      ejected: ({ id }, reason) => {
        targets.of(id).ejections++;
        this.observer.targetLost(this, id, reason);
      },
      returned: (target) => {
        this.returned(target);
        this.observer.targetReturned(this, target.id);
      },
      usableChanged: (isUsable, reason) => {
        if (!isUsable) this.become('UNAVAILABLE', reason);
        else void this.makeReady();
      },
    };
  }

  /** Called when a target can be used again, after which it may be another model. */
  protected returned(_target: Target): void {}

  private async makeReady(): Promise<void> {
    if (this.isDescribing || !this.canBeReady) return;
    this.isDescribing = true;
    clearTimeout(this.again);
    const failure = await this.describe().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    this.isDescribing = false;
    // It is called again when a target can be used.
    if (!this.canBeReady) return;
    if (failure !== undefined) {
      this.become('UNAVAILABLE', failure.message);
      // The health checks of the target pass, so nothing else leads to another attempt.
      this.again = setTimeout(() => void this.makeReady(), DESCRIBE_AGAIN_MS).unref();
      return;
    }
    this.loadMs ??= performance.now() - this.startedAt;
    this.loadedAt ??= new Date();
    this.become('READY');
  }

  private get canBeReady(): boolean {
    return this.fleet?.usable === true && !this.unloading.aborted;
  }

  private become(state: VersionState, reason = ''): void {
    const isOver = this.unloading.aborted && reason !== 'unloaded';
    if (isOver || (state === this.state && reason === this.reason)) return;
    this.state = state;
    this.reason = reason;
    this.settled.resolve();
    this.observer.stateChanged(this);
  }
}

/** The options that the fleet of a version depends on, beside live settings. */
function needsOf({ refusal, folder, settings, version }: VersionOptions) {
  const { targets: _, overflow, ...others } = settings;
  const servers = targetsByVersion(settings)[version] ?? overflow?.to;
  return [refusal, folder, servers, Object.entries(others).filter(([key]) => !LIVE_SETTINGS.has(key))];
}
