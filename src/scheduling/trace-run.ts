import type { Trace } from '../common/trace';
import { RunFailure } from '../runtime/run-failure';
import { totalRows, type Batch } from './batch';

/**
 * Records a run of `batch` in the traces of its jobs. Does nothing for jobs that are not sampled.
 * @param rows rows that ran, padding included.
 * @param failure why it failed, if it did.
 */
export function traceRun(
  batch: Batch,
  startedAt: number,
  endedAt: number,
  rows: number,
  failure?: unknown,
): void {
  let waits: Map<Trace, number> | undefined;
  for (const { ticket } of batch) {
    const { trace } = ticket.job;
    if (trace?.isSampled !== true) continue;
    waits ??= new Map();
    // Each text of a request is a separate job.
    waits.set(trace, Math.min(waits.get(trace) ?? Infinity, ticket.waitsSince));
    ticket.waitsSince = endedAt;
  }
  if (waits === undefined) return;
  const [first] = waits.keys();
  const error = failure instanceof RunFailure ? failure.kind : 'internal';
  first!.recordRun(
    {
      startedAt,
      endedAt,
      rows,
      padding: rows - totalRows(batch),
      requests: new Set(batch.map(({ ticket }) => ticket)).size,
      error: failure === undefined ? undefined : error,
    },
    waits,
  );
}
