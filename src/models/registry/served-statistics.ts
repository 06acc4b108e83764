import { Injectable } from '@nestjs/common';
import { Cluster, type Gathered } from '../../common/cluster';
import type { Servable } from '../model';
import { statisticsOf, sumOf } from '../report/model-statistics';
import type { VersionStatistics } from '../report/statistics.schema';
import { ModelRegistry } from './model-registry';

/** The statistics of the statistics extension, as sums over all gateway processes. */
@Injectable()
export class ServedStatistics {
  private readonly gather: () => Promise<Gathered<VersionStatistics[]>>;

  constructor(
    private readonly cluster: Cluster,
    registry: ModelRegistry,
  ) {
    this.gather = cluster.gather('statistics', () =>
      registry.list().flatMap(({ versions }) => versions.map(statisticsOf)),
    );
  }

  /** The statistics of `versions`. */
  async of(versions: readonly Servable[]): Promise<VersionStatistics[]> {
    if (this.cluster.count === 1) return versions.map(statisticsOf);
    const { values, stale } = await this.gather();
    const all = [...values, ...stale].flat();
    return versions.map(({ name, version }) =>
      sumOf(all.filter((other) => other.name === name && other.version === version)),
    );
  }
}
