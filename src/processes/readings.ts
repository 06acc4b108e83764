import type { Gathered } from '../common/siblings';
import type { ReadCall } from './messages';

/** A process whose values are read. */
export interface Source {
  call(method: 'read', argument: ReadCall): Promise<unknown>;
}

/** Processes that take longer are left out. */
const TIMEOUT_MS = 1000;

/** Values of processes that have ended are kept of this many, the newest. */
const MAX_DEPARTED = 20;

/** Reads values of all processes, and keeps the last of each, so that sums do not fall when one is slow or ends. */
export class Readings {
  private readonly sources = new Map<Source, Map<string, unknown>>();
  private readonly departed: Map<string, unknown>[] = [];
  private restarts = 0;
  private unanswered = 0;

  constructor(private readonly timeoutMs = TIMEOUT_MS) {}

  join(source: Source): void {
    this.sources.set(source, new Map<string, unknown>());
  }

  /** Removes a process that has ended. Its last values are kept. */
  leave(source: Source): void {
    const last = this.sources.get(source);
    if (last === undefined) return;
    this.sources.delete(source);
    this.departed.push(last);
    if (this.departed.length > MAX_DEPARTED) this.departed.shift();
    this.restarts++;
  }

  /** Reads a value of all processes. */
  async gather(call: ReadCall): Promise<Gathered<unknown>> {
    const { name } = call;
    const stale = this.departed.flatMap((last) => (last.has(name) ? [last.get(name)] : []));
    const values: unknown[] = [];
    const reading = Array.from(this.sources, async ([source, last]) => {
      const read = await this.inTime(source.call('read', call));
      if (read !== undefined) {
        last.set(name, read.value);
        values.push(read.value);
      } else if (this.sources.has(source)) {
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
