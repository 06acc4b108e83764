import { setTimeout as delay } from 'node:timers/promises';
import type { LoadedModel } from './messages';
import { RunFailure } from './run-failure';
import { Runner, type RunnerOptions } from './runner';
import type { EndCause, RunnerEnd } from './runner-end';
import type { RunnerPool } from './runner-pool';
import { RunnerProcess } from './runner-process';

/** Receives the events of a supervisor. */
export interface SupervisorObserver {
  /** Prepares `runner` before it is `up`. A rejection is the reason why the model cannot be served. */
  prepare(runner: Runner, model: LoadedModel): Promise<void>;
  /** `runner` has loaded its model and accepts batches. */
  up(runner: Runner): void;
  /** `runner` accepts no more batches. Resolves when its batch in flight, if any, is done. */
  down(runner: Runner): Promise<void>;
  /** A runner ended, or could not be started, and will be replaced. */
  died(reason: string): void;
  /** Runners die repeatedly, so the model cannot be served until the next `up`. */
  broken(reason: string): void;
}

/** Period over which deaths are counted. */
const WINDOW_MS = 60_000;
/** Number of deaths within the window after which a model is broken. */
const MAX_DEATHS = 5;
/** Number of failed first starts, by cause, after which loading a model fails. */
const FIRST_ENDS: Readonly<Record<EndCause, number>> = { own: 2, unstarted: MAX_DEATHS, spawner: Infinity };
/** Number of shared processes that a model may crash before it gets its own, so that other models recover. */
const MAX_SHARED_CRASHES = 2;
const FIRST_BACK_OFF_MS = 100;
const LAST_BACK_OFF_MS = 30_000;
/** Maximum back-off after interruptions. They are not caused by the model, so it restarts soon. */
const LAST_INTERRUPTION_MS = 2000;

/**
 * Keeps the runners of one model version alive. A runner that dies is replaced after a pause that doubles with each
 * recent death. A worn runner is replaced before it is stopped. A runner that ends with its spawner does not count as a
 * death.
 */
export class Supervisor {
  private readonly runners = new Set<Runner>();
  private readonly stopping = new AbortController();
  private deaths: number[] = [];
  private interruptions: number[] = [];
  private sharedCrashes = 0;

  /** @param pool processes to share; without it, every runner has its own process. */
  constructor(
    private readonly options: RunnerOptions,
    private readonly instances: number,
    private readonly observer: SupervisorObserver,
    private readonly pool?: RunnerPool,
  ) {}

  /** Resident memory of each live runner, in bytes. */
  async residentBytes(): Promise<readonly number[]> {
    const measured = await Promise.all([...this.runners].map((runner) => runner.residentBytes()));
    return measured.filter((bytes) => bytes !== undefined);
  }

  /**
   * Starts the first runner and, once it has loaded, the others in the background.
   * @throws Error with the reason if the model cannot be loaded.
   */
  async start(): Promise<void> {
    try {
      const runner = await this.first();
      this.observer.up(runner);
      void this.keep(runner);
      for (let count = 1; count < this.instances; count++) void this.replace();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Takes all runners down, stops them immediately and starts no more. Resolves when they have ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const ends = [...this.runners].map((runner) => [this.observer.down(runner), runner.stop()]);
    await Promise.all(ends.flat());
  }

  /**
   * Returns the first runner that loads. Retries if the process died, because the model may not be the cause, and more
   * often if the model cannot be the cause.
   */
  private async first(): Promise<Runner> {
    const ends = { own: 0, unstarted: 0, spawner: 0 };
    for (;;) {
      const runner = this.launch();
      try {
        await this.load(runner);
        return runner;
      } catch (error) {
        if (this.stopping.signal.aborted || !isProcessEnd(error)) throw error;
        if (runner.isCulprit) this.sharedCrashes++;
        await runner.stop();
        const { cause } = await runner.exited;
        if (++ends[cause] >= FIRST_ENDS[cause]) throw error;
        this.observer.died((error as Error).message);
        await this.pause(this.count(cause));
        if (this.stopping.signal.aborted) throw error;
      }
    }
  }

  private async load(runner: Runner): Promise<void> {
    await this.observer.prepare(runner, await runner.load());
  }

  private launch(): Runner {
    const shared = this.sharedCrashes < MAX_SHARED_CRASHES ? this.pool?.place() : undefined;
    const runner = new Runner(this.options, shared ?? new RunnerProcess(this.options.label));
    this.runners.add(runner);
    void runner.exited.then(() => this.runners.delete(runner));
    return runner;
  }

  /** Replaces `runner` when it ends or is worn. */
  private async keep(runner: Runner): Promise<void> {
    const end = await Promise.race([runner.exited, runner.worn]);
    if (this.stopping.signal.aborted) return;
    if (end === undefined) return this.recycle(runner);
    if (runner.isCulprit) this.sharedCrashes++;
    await this.observer.down(runner);
    await this.restart(end);
  }

  private async recycle(worn: Runner): Promise<void> {
    await this.replace();
    await this.observer.down(worn);
    await worn.stop();
  }

  /** Starts a new runner, and retries until one has loaded. */
  private async replace(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const runner = this.launch();
    try {
      await this.load(runner);
    } catch (error) {
      if (runner.isCulprit) this.sharedCrashes++;
      await runner.stop();
      const { cause } = await runner.exited;
      return this.restart({ cause, reason: (error as Error).message });
    }
    if (this.stopping.signal.aborted) return;
    this.observer.up(runner);
    void this.keep(runner);
  }

  private async restart({ cause, reason }: RunnerEnd): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.observer.died(reason);
    const pauseMs = this.count(cause);
    if (cause !== 'spawner' && this.deaths.length >= MAX_DEATHS)
      this.observer.broken(
        `${this.deaths.length} runners died within a minute, most recently: ${reason}; next attempt in 30 s`,
      );
    await this.pause(pauseMs);
    await this.replace();
  }

  /** Counts an end. Returns how long to wait before the next start, in milliseconds. */
  private count(cause: EndCause): number {
    if (cause === 'spawner') {
      this.interruptions = withNow(this.interruptions);
      return Math.min(FIRST_BACK_OFF_MS * 2 ** (this.interruptions.length - 1), LAST_INTERRUPTION_MS);
    }
    this.deaths = withNow(this.deaths);
    if (this.deaths.length >= MAX_DEATHS) return LAST_BACK_OFF_MS;
    return FIRST_BACK_OFF_MS * 2 ** (this.deaths.length - 1);
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => {});
  }
}

/** The `moments` within the window, plus the current one. */
function withNow(moments: readonly number[]): number[] {
  const now = performance.now();
  return [...moments.filter((moment) => now - moment < WINDOW_MS), now];
}

/** Whether loading or warm-up failed because the process ended. */
function isProcessEnd(error: unknown): boolean {
  const { cause = error } = error as Error;
  return cause instanceof RunFailure && cause.isProcessEnd;
}
