import type { Registry } from 'prom-client';
import { registerScraped } from './scraped';

/** Counts of the synchronisations of a repository in object storage. */
export class StorageCounts {
  downloadedBytes = 0;
  readonly results = { changed: 0, unchanged: 0, failed: 0 };
  /** When the copy was last known to be equal to the store, in seconds since 1970; 0 for never. */
  lastSuccess = 0;

  constructor(readonly repository: string) {}
}

/** Registers the metrics of repositories in object storage. */
export function registerStorageMetrics(registry: Registry, read: () => readonly StorageCounts[]): void {
  registerScraped(registry, {
    name: 'nexus_storage_downloaded_bytes_total',
    help: 'Bytes downloaded from a model repository at a URL.',
    type: 'counter',
    read: () =>
      read().map(({ repository, downloadedBytes }) => ({ labels: { repository }, value: downloadedBytes })),
  });
  registerScraped(registry, {
    name: 'nexus_storage_syncs_total',
    help: 'Synchronisations with a model repository at a URL, by result.',
    type: 'counter',
    read: () =>
      read().flatMap(({ repository, results }) =>
        Object.entries(results).map(([result, value]) => ({ labels: { repository, result }, value })),
      ),
  });
  registerScraped(registry, {
    name: 'nexus_storage_last_success_timestamp_seconds',
    help: 'When the copy of a model repository was last known to be equal to the store, in seconds since 1970.',
    type: 'gauge',
    aggregator: 'max',
    read: () => read().map(({ repository, lastSuccess }) => ({ labels: { repository }, value: lastSuccess })),
  });
}
