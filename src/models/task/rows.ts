import { errors } from '../../common/errors';
import { SYSTEM_CLOCK } from '../../common/clock';
import type { Job, JobResult } from '../../scheduling/job';
import type { TaskInputName } from '../../tasks/task-tensors';
import type { Tensor } from '../../tensor/tensor';
import type { Submit } from './served-task';

/** Rows to queue in one turn of the event loop: a fraction of a millisecond of work. */
const ROWS_PER_TURN = 64;

/** What differs between the rows of a job. */
export type TaskRow = Pick<Job, 'inputs' | 'byteLength' | 'shapeKey'> & Pick<Partial<Job>, 'sequence'>;

/** The outputs of each row, in order, and the times of the slowest one. */
export interface RowResults {
  readonly outputs: readonly (readonly Tensor[])[];
  readonly times: Omit<JobResult, 'outputs'>;
}

/**
 * Runs each row of `job` as a job of its own, for `outputs` of the model, so that it can share a run with similar rows
 * of any request. Once a row has failed, the others are abandoned.
 * @param rows makes the rows, in order; each is queued as soon as it is made.
 */
export async function runRows(
  job: Job,
  rows: Iterable<TaskRow> | AsyncIterable<TaskRow>,
  outputs: readonly string[],
  submit: Submit,
): Promise<RowResults> {
  let failed = false;
  const abandoned = () => failed || job.abandoned?.() === true;
  const common = { ...job, rows: 1, outputs, abandoned };
  const running: Promise<JobResult>[] = [];
  const fail = () => void (failed = true);
  try {
    for await (const row of rows) {
      const result = submit({ ...common, ...row });
      // Handled at once, although it is awaited below with all others.
      result.catch(fail);
      running.push(result);
      if (running.length % ROWS_PER_TURN === 0) await new Promise(setImmediate);
      if (failed) break;
    }
  } catch (error) {
    failed = true;
    throw error;
  }
  const results = await Promise.all(running);
  return { outputs: results.map((result) => result.outputs), times: slowest(results) };
}

/**
 * Requires that the request of `job` has at least one row and at most `max`.
 * @param input name of the input with the rows.
 * @param what what a row is: `text` or `picture`.
 * @throws NexusError invalid_input
 */
export function requireCount({ rows }: Job, input: TaskInputName, what: string, max: number): void {
  if (rows > 0 && rows <= max) return;
  const expected =
    rows === 0
      ? `at least one ${what}, got none`
      : `at most ${max} ${what}s, got ${rows}; send them in several requests`;
  throw errors.invalidInput(`input '${input}': expected ${expected}`, `inputs.${input}`);
}

/** @throws NexusError cancelled, deadline_exceeded if nobody waits for `job` any more. */
export function requireWanted({ abandoned, deadline }: Job): void {
  if (abandoned?.() === true) throw errors.cancelled();
  if (deadline <= SYSTEM_CLOCK.now()) throw errors.deadlineExceeded('while its inputs were converted');
}

function slowest(results: readonly JobResult[]): RowResults['times'] {
  const times = { queueMs: 0, inputMs: 0, runMs: 0, outputMs: 0 };
  for (const result of results)
    for (const key of ['queueMs', 'inputMs', 'runMs', 'outputMs'] as const)
      times[key] = Math.max(times[key], result[key]);
  return times;
}
