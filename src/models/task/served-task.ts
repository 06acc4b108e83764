import type { Job, JobResult } from '../../scheduling/job';
import type { Signature } from '../signature';

/** Queues a job of the tensors of a model. Rejects with a NexusError. */
export type Submit = (job: Job) => Promise<JobResult>;

/** The inputs and outputs that a task gives its model. */
export type TaskSignature = Pick<
  Signature,
  'inputs' | 'tensorInputs' | 'outputs' | 'outputNames' | 'extraOutputs' | 'task'
>;

/** Converts between what clients send to a model of text or pictures and the tensors of its runs. */
export interface ServedTask {
  readonly signature: TaskSignature;

  /**
   * Converts the texts or pictures of `job`, runs each as a row through `submit`, and joins the results.
   * Rejects with a NexusError: invalid_input, and the errors of `submit`. Rows that have not started are then abandoned.
   */
  run(job: Job, submit: Submit): Promise<JobResult>;
}
