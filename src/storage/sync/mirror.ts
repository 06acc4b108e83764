import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { Config } from '../../config/config';
import { copyFolder } from '../../config/model-repository';
import { StorageCounts } from '../../observability/metrics/storage-metrics';
import { MODELS } from '../copy/local-copy';
import { hasManifest } from '../copy/manifest';
import { SyncProgress } from '../copy/progress';
import type { SyncResult } from './synchronise';
import type { SyncThreads } from './sync-thread';

/** How often the progress of a download is logged, in milliseconds. */
const LOG_EVERY_MS = 5000;
const MIB = 2 ** 20;

/** What is known about a repository at a URL. */
export interface MirrorStatus {
  readonly repository: string;
  /** When the local copy was last known to be equal to the store, in ISO 8601; absent if there is no whole copy. */
  readonly synchronised_at?: string;
  /** Why the last synchronisation failed; absent if it did not. */
  readonly fault?: string;
  /** Bytes downloaded, and bytes to download; absent if no download runs. */
  readonly downloading?: { readonly bytes: number; readonly of: number };
}

/** A repository at a URL, and its local copy. */
export class Mirror {
  /** Folder of the models of the copy, which exists after the first synchronisation. */
  readonly root: string;
  readonly counts: StorageCounts;
  private readonly logger = new Logger('Storage');
  private readonly folder: string;
  private progress = new SyncProgress();
  private checkedAt: number | undefined;
  private fault = '';
  private loggedFault = '';
  /** Synchronisations run one at a time. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly url: string,
    private readonly config: Config,
    private readonly threads: SyncThreads,
    private readonly inUse: () => readonly string[],
  ) {
    this.counts = new StorageCounts(url);
    this.folder = copyFolder(config, url);
    this.root = join(this.folder, MODELS);
  }

  /** Whether there may be a copy of an earlier time. */
  get hasCopy(): boolean {
    return hasManifest(this.folder);
  }

  /** Whether there is a whole copy. */
  get isThere(): boolean {
    return this.checkedAt !== undefined;
  }

  /** Why the settings have to be changed; undefined if the repository can be listed, or may be later. */
  async faultOfSettings(): Promise<string | undefined> {
    const { fault } = await this.threads.contact({
      url: this.url,
      limit: this.config.modelCacheSize,
    });
    return fault?.kind === 'refused' || fault?.kind === 'invalid' ? fault.message : undefined;
  }

  /** Makes the copy equal to the repository, of the model `only` or of all. */
  synchronise(only?: string): Promise<SyncResult> {
    const turn = this.last.then(() => this.synchroniseNow(only));
    this.last = turn.catch(() => {});
    return turn;
  }

  /** What is known now. */
  get status(): MirrorStatus {
    const { total, present } = this.progress;
    return {
      repository: this.url,
      ...(this.checkedAt === undefined ? {} : { synchronised_at: new Date(this.checkedAt).toISOString() }),
      ...(this.fault === '' ? {} : { fault: this.fault }),
      ...(total === 0 ? {} : { downloading: { bytes: present, of: total } }),
    };
  }

  private async synchroniseNow(only: string | undefined): Promise<SyncResult> {
    const { modelCacheSize: limit, downloadRate: rate, transferTimeoutMs: stallMs } = this.config;
    this.progress = new SyncProgress();
    const report = this.reportProgress();
    try {
      const result = await this.threads
        .synchronise({
          url: this.url,
          folder: this.folder,
          limit,
          rate,
          stallMs,
          only,
          inUse: this.inUse(),
          progress: this.progress.memory,
        })
        .catch((error: unknown) => this.failed(error));
      this.note(result);
      return result;
    } finally {
      report.stop();
    }
  }

  /** The result of a synchronisation that has thrown because of a fault in Nexus. @throws `error` after a shutdown. */
  private failed(error: unknown): SyncResult {
    if (this.threads.isClosed) throw error;
    this.logger.error(error);
    const message = `internal error while synchronising ${this.url}; see the server log`;
    return {
      changed: false,
      downloadedBytes: 0,
      checkedAt: this.checkedAt,
      models: 0,
      fault: { kind: 'invalid', message },
    };
  }

  /** Logs the progress regularly. */
  private reportProgress(): { readonly stop: () => void } {
    const beganAt = performance.now();
    const timer = setInterval(() => {
      const { isWaiting, received } = this.progress;
      const seconds = (performance.now() - beganAt) / 1000;
      const rate = `${(received / MIB / seconds).toFixed(1)} MiB/s`;
      if (isWaiting) this.logger.log(`${this.url}: another process synchronises the copy; waiting`);
      else if (this.progress.total > 0)
        this.logger.log(`downloading ${this.url}: ${this.shownProgress}, ${rate}`);
    }, LOG_EVERY_MS).unref();
    return { stop: () => clearInterval(timer) };
  }

  /** Progress for people: `12.0 of 96.5 MiB (12 %)`. Empty if nothing is being downloaded. */
  get shownProgress(): string {
    const { total, present } = this.progress;
    if (total === 0) return '';
    const percent = Math.floor((present / total) * 100);
    return `${(present / MIB).toFixed(1)} of ${(total / MIB).toFixed(1)} MiB (${percent} %)`;
  }

  private note({ changed, downloadedBytes, checkedAt, models, fault }: SyncResult): void {
    this.checkedAt = checkedAt;
    this.fault = fault?.message ?? '';
    this.counts.downloadedBytes += downloadedBytes;
    const { results } = this.counts;
    if (fault !== undefined) results.failed++;
    else if (changed) results.changed++;
    else results.unchanged++;
    if (fault === undefined) {
      this.counts.lastSuccess = checkedAt! / 1000;
      const size = (downloadedBytes / MIB).toFixed(1);
      if (changed) this.logger.log(`${this.url}: synchronised ${models} models, ${size} MiB downloaded`);
      else if (this.loggedFault !== '')
        this.logger.log(`${this.url}: synchronised again, nothing has changed`);
      this.loggedFault = '';
    } else if (this.loggedFault !== fault.message) {
      // Once for each outage.
      this.loggedFault = fault.message;
      const copy =
        checkedAt === undefined
          ? 'there is no copy yet'
          : `the models of ${new Date(checkedAt).toISOString()} continue to be served`;
      this.logger.error(`cannot synchronise: ${fault.message}; ${copy}`);
    }
  }
}
