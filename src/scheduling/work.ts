import { elementCount } from '../tensor/tensor';
import { longestOf, totalRows, type Batch } from './batch';
import type { Job } from './job';
import type { SchedulerLimits } from './limits';

/*
 * The cost of jobs and runs, from which their time is estimated: rows, or tokens in a model with a limit of tokens,
 * because a row of 512 tokens takes much longer than one of 8. The inputs of such a model are [rows, tokens], also where
 * requests contain tensors in place of text.
 */

/** The cost of `job`. */
export function workOf({ rows, inputs }: Job, { maxBatchTokens }: SchedulerLimits): number {
  return maxBatchTokens === undefined ? rows : elementCount(inputs[0]!.shape);
}

/** The cost of a full run. */
export function fullWork({ maxBatchRows, maxBatchTokens }: SchedulerLimits): number {
  return maxBatchTokens ?? maxBatchRows;
}

/** The cost of a run of `batch`, padded to `rows` rows and to its longest sequence. */
export function workOfRun(batch: Batch, rows: number, { maxBatchTokens }: SchedulerLimits): number {
  if (maxBatchTokens === undefined) return rows;
  const longest = longestOf(batch);
  if (longest > 0) return rows * longest;
  const work = batch.reduce((sum, part) => sum + part.work, 0);
  return work === 0 ? rows : (work * rows) / totalRows(batch);
}
