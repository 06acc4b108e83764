import { errors } from '../common/errors';
import { RunFailure } from '../runtime/run-failure';
import type { Batch } from './batch';
import type { Part } from './job';

/** How to recover from a failed batch: batches to retry, or the error for all its jobs. */
export type Recovery = { readonly retries: readonly Batch[] } | { readonly error: unknown };

/** A part fails after this many runs in which the runner died. */
const MAX_DEATHS = 2;

/**
 * Decides how to recover from a failed batch. The failure of a shared batch does not identify the faulty job. If the
 * model rejected the data, the batch is bisected until the faulty job is alone. If the runner died, the jobs are
 * retried one by one, so that a faulty job affects other requests at most once.
 */
export function recover(batch: Batch, failure: unknown, model: string, timeoutMs: number): Recovery {
  if (!(failure instanceof RunFailure)) return { error: failure };
  switch (failure.kind) {
    case 'execution':
      return batch.length > 1
        ? { retries: halves(batch) }
        : { error: errors.executionFailed(model, failure.message) };
    case 'no_room':
      return batch.length > 1 ? { retries: halves(batch) } : { error: errors.noRoom(failure.message) };
    case 'timeout':
      return batch.length > 1 ? { retries: singles(batch) } : { error: errors.runTimeout(model, timeoutMs) };
    case 'never_ran':
    case 'interrupted':
      return { retries: [batch] };
    case 'died':
      for (const part of batch) part.deaths++;
      if (batch.some(({ deaths }) => deaths >= MAX_DEATHS) && batch.length === 1)
        return { error: errors.runnerLost(model) };
      return { retries: singles(batch) };
  }
}

/**
 * Returns the jobs of `parts` as batches of one whole job each, with split jobs rejoined. Skips parts of jobs that are
 * already settled or rejoined.
 */
export function unbatched(parts: readonly Part[]): Batch[] {
  const whole = new Set<Part>();
  for (const part of parts) {
    const { ticket } = part;
    if (ticket.settled || ticket.parts[part.index] !== part) continue;
    whole.add(ticket.parts.length > 1 ? ticket.rejoin() : part);
  }
  return [...whole].map((part) => [part]);
}

function halves(batch: Batch): Batch[] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

function singles(batch: Batch): Batch[] {
  return batch.map((part) => [part]);
}
