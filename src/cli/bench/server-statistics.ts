import type { ModelStatisticsList } from '../../models/report/statistics.schema';
import { CommandError } from '../command-error';
import type { GatewayClient } from '../gateway-client';

/** What the gateway has counted for a model since its start, all versions together. */
interface Totals {
  readonly requests: number;
  readonly queueNs: number;
  readonly runNs: number;
  readonly computed: number;
  readonly cached: number;
  readonly rows: number;
  readonly runs: number;
}

/** What the gateway measured between two moments. */
export interface ServerSide {
  /** Mean time of a request in the queue, in milliseconds. */
  readonly queueMs: number;
  /** Mean time of the run of a request, in milliseconds. */
  readonly runMs: number;
  /** Mean rows of a run; 0 without runs. */
  readonly rowsPerRun: number;
  /** Share of requests that the response cache answered, from 0 to 1. */
  readonly cacheHits: number;
}

/** Reads the statistics of a model from the gateway, and returns what has been added at each further reading. */
export class ServerStatistics {
  private before: Totals | undefined;

  constructor(
    private readonly gateway: GatewayClient,
    private readonly model: string,
  ) {}

  /** What has been added since the last call. Undefined at the first call, and where the gateway does not say. */
  async read(): Promise<ServerSide | undefined> {
    const { before } = this;
    const now = await this.totals();
    this.before = now;
    if (before === undefined || now === undefined || now.requests <= before.requests) return undefined;
    const added = (key: keyof Totals) => now[key] - before[key];
    const mean = (sum: number, count: number) => (count === 0 ? 0 : sum / count);
    return {
      queueMs: mean(added('queueNs'), added('computed')) / 1e6,
      runMs: mean(added('runNs'), added('computed')) / 1e6,
      rowsPerRun: mean(added('rows'), added('runs')),
      cacheHits: added('cached') / added('requests'),
    };
  }

  private async totals(): Promise<Totals | undefined> {
    try {
      const { model_stats: versions } = await this.gateway.get<ModelStatisticsList>(
        `/v2/models/${encodeURIComponent(this.model)}/stats`,
      );
      const sum = (pick: (version: (typeof versions)[number]) => number) =>
        versions.reduce((total, version) => total + pick(version), 0);
      return {
        requests: sum(({ inference_stats: { success } }) => success.count),
        queueNs: sum(({ inference_stats: { queue } }) => queue.ns),
        runNs: sum(({ inference_stats: { compute_infer: run } }) => run.ns),
        computed: sum(({ inference_stats: { queue } }) => queue.count),
        cached: sum(({ inference_stats: { cache_hit: hit } }) => hit.count),
        rows: sum((version) => version.inference_count),
        runs: sum((version) => version.execution_count),
      };
    } catch (error) {
      // Such as for a key that may not read them, or other servers that run the model.
      if (error instanceof CommandError) return undefined;
      throw error;
    }
  }
}
