import { Injectable } from '@nestjs/common';
import { Siblings, type Gathered } from '../../common/siblings';
import type { Servable } from '../model';
import { statisticsOf, sumOf } from '../report/model-statistics';
import type { VersionStatistics } from '../report/statistics.schema';
import { ModelRegistry } from './model-registry';

/** The statistics of the statistics extension, as sums over all gateway processes. */
@Injectable()
export class ServedStatistics {
  private readonly gather: () => Promise<Gathered<VersionStatistics[]>>;

  constructor(
    private readonly siblings: Siblings,
    registry: ModelRegistry,
  ) {
    this.gather = siblings.gather('statistics', () =>
      registry.list().flatMap(({ versions }) => versions.map(statisticsOf)),
    );
  }

  /** The statistics of `versions`. */
  async of(versions: readonly Servable[]): Promise<VersionStatistics[]> {
    if (this.siblings.count === 1) return versions.map(statisticsOf);
    const { values, stale } = await this.gather();
    const all = [...values, ...stale].flat();
    return versions.map(({ name, version }) =>
      sumOf(all.filter((other) => other.name === name && other.version === version)),
    );
  }
}
