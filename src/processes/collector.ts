import type { Gathered } from '../common/cluster';
import type { ClusterWorker, ReadCall } from './messages';

/** The last value of a process that takes longer is used. */
const TIMEOUT_MS = 1000;

/** Number of ended processes whose last values are kept. The newest are kept. */
const MAX_ENDED = 20;

/** Reads values of all processes. Keeps the last value of each, so that sums do not fall when a process is slow or ends. */
export class Collector {
  private readonly workers = new Map<ClusterWorker, Map<string, unknown>>();
  private readonly ended: Map<string, unknown>[] = [];
  private restarts = 0;
  private unanswered = 0;

  constructor(private readonly timeoutMs = TIMEOUT_MS) {}

  join(worker: ClusterWorker): void {
    this.workers.set(worker, new Map<string, unknown>());
  }

  /** Removes a process that has ended. Its last values are kept. */
  leave(worker: ClusterWorker): void {
    const last = this.workers.get(worker);
    if (last === undefined) return;
    this.workers.delete(worker);
    this.ended.push(last);
    if (this.ended.length > MAX_ENDED) this.ended.shift();
    this.restarts++;
  }

  /** Reads a value of all processes. */
  async gather(call: ReadCall): Promise<Gathered<unknown>> {
    const { name } = call;
    const stale = this.ended.flatMap((last) => (last.has(name) ? [last.get(name)] : []));
    const values: unknown[] = [];
    const reading = Array.from(this.workers, async ([worker, last]) => {
      const read = await this.inTime(worker.call('read', call));
      if (read !== undefined) {
        last.set(name, read.value);
        values.push(read.value);
      } else if (this.workers.has(worker)) {
        this.unanswered++;
        if (last.has(name)) stale.push(last.get(name));
      }
    });
    const running = reading.length;
    await Promise.all(reading);
    const { restarts, unanswered } = this;
    return { values, stale, running, restarts, unanswered };
  }

  /** Resolves with undefined if `reading` fails or takes too long. */
  private inTime(reading: Promise<unknown>): Promise<{ readonly value: unknown } | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), this.timeoutMs);
      reading
        .then(
          (value) => resolve({ value }),
          () => resolve(undefined),
        )
        .finally(() => clearTimeout(timer));
    });
  }
}
