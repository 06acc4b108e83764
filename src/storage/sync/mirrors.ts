import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { isUrl } from '../../config/model-repository';
import { Metrics } from '../../observability/metrics/metrics';
import { registerStorageMetrics } from '../../observability/metrics/storage-metrics';
import { Mirror, type MirrorStatus } from './mirror';
import { SyncThreads } from './sync-thread';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;
const MAX_THREADS = 4;

/** The repositories at URLs, and the local copies that models are served from. */
@Injectable()
export class Mirrors implements OnApplicationShutdown {
  /** Folders and ONNX files to find models in, in the order of NEXUS_MODEL_REPOSITORY. Copies exist once {@link ready} has resolved. */
  readonly roots: readonly string[];
  /** Resolves when there is a whole copy of each repository. */
  ready: Promise<void> = Promise.resolve();
  private readonly mirrors: readonly Mirror[];
  private readonly threads: SyncThreads | undefined;
  private readonly stopping = new AbortController();
  private inUse: () => readonly string[] = () => [];

  constructor(
    private readonly config: Config,
    metrics: Metrics,
  ) {
    const urls = config.modelRepository.filter(isUrl);
    this.threads = urls.length === 0 ? undefined : new SyncThreads(Math.min(urls.length, MAX_THREADS));
    this.mirrors = urls.map((url) => new Mirror(url, config, this.threads!, () => this.inUse()));
    this.roots = config.modelRepository.map(
      (entry) => this.mirrors.find(({ url }) => url === entry)?.root ?? entry,
    );
    if (urls.length > 0)
      registerStorageMetrics(metrics.registry, () => this.mirrors.map(({ counts }) => counts));
  }

  /** Whether there are repositories at URLs. */
  get hasUrls(): boolean {
    return this.mirrors.length > 0;
  }

  /** What is known about each repository at a URL. */
  get status(): readonly MirrorStatus[] {
    return this.mirrors.map(({ status }) => status);
  }

  /**
   * Begins to synchronise; {@link ready} resolves later. A store that cannot be reached is tried again, and meanwhile an earlier
   * copy is served.
   * @param inUse returns the paths of files that models use.
   * @throws ConfigError if a repository cannot be listed because of the settings, and there is no copy of it.
   */
  async start(inUse: () => readonly string[]): Promise<void> {
    this.inUse = inUse;
    const faults = await Promise.all(
      this.mirrors.filter(({ hasCopy }) => !hasCopy).map((mirror) => mirror.faultOfSettings()),
    );
    const lines = faults.filter((fault) => fault !== undefined);
    if (lines.length > 0) throw new ConfigError(lines.map((line) => `NEXUS_MODEL_REPOSITORY: ${line}`));
    this.ready = Promise.all(this.mirrors.map((mirror) => this.first(mirror))).then(
      () => {},
      (error: unknown) => this.neverIfClosed(error),
    );
  }

  /** Follows the repositories until the application shuts down. */
  async follow(): Promise<void> {
    await Promise.all(this.mirrors.map((mirror) => this.poll(mirror))).catch((error: unknown) =>
      this.neverIfClosed(error),
    );
  }

  /**
   * Renews the copy of one model. If its store cannot be reached, the copy stays as it is.
   * @throws NexusError repository_unreadable for any other fault.
   */
  async renew(model: string): Promise<void> {
    const results = await Promise.all(this.mirrors.map((mirror) => mirror.synchronise(model)));
    for (const { fault, checkedAt } of results)
      if (fault !== undefined && (fault.kind !== 'unreachable' || checkedAt === undefined))
        throw errors.repositoryUnreadable(fault.message);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.threads?.onApplicationShutdown();
  }

  /** Synchronises until there is a whole copy. */
  private async first(mirror: Mirror): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await mirror.synchronise();
      if (mirror.isThere) return;
      await this.pause(pause);
    }
  }

  private async poll(mirror: Mirror): Promise<void> {
    const period = this.config.repositoryPollSecs * 1000;
    for (let pause = period; ;) {
      await this.pause(pause);
      const { fault } = await mirror.synchronise();
      pause = fault === undefined ? period : Math.min(2 * pause, Math.max(period, LONGEST_PAUSE_MS));
    }
  }

  /** Never settles if the application shuts down, so that nothing is reported. @throws `error` otherwise. */
  private neverIfClosed(error: unknown): Promise<never> {
    if (!this.stopping.signal.aborted) throw error;
    return new Promise(() => {});
  }

  /** Waits about `ms`: replicas must not call at the same time. Rejects if the application shuts down. */
  private async pause(ms: number): Promise<void> {
    await delay(ms * (0.75 + Math.random() / 2), undefined, { signal: this.stopping.signal, ref: false });
  }
}
