import { Global, Module } from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics';
import { registerScraped } from '../observability/metrics/scraped';
import { Replicas } from './replicas';

/** Provides the {@link Replicas} of the process to every feature. */
@Global()
@Module({ providers: [Replicas], exports: [Replicas] })
export class ReplicasModule {
  constructor({ registry }: Metrics, replicas: Replicas) {
    if (!replicas.isConfigured) return;
    registerScraped(registry, {
      name: 'nexus_replicas_shared',
      help: 'Whether this replica shares aliases, traffic and keys with the others (1), or stands alone (0).',
      type: 'gauge',
      aggregator: 'min',
      read: () => [{ labels: {}, value: Number(replicas.standing.mode === 'shared') }],
    });
    registerScraped(registry, {
      name: 'nexus_replicas_documents_total',
      help: 'Documents that this replica adopted from others, published, restored in Redis, or could not publish because of a newer one.',
      type: 'counter',
      read: () =>
        Object.entries(replicas.counts).map(([event, value]) => ({
          labels: { event },
          value: Number(value),
        })),
    });
  }
}
