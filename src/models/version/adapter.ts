import type { Tensor } from '../../tensor/tensor';
import type { Job } from '../../scheduling/job';

/** Transforms the inputs of a job before it runs, and its outputs afterwards. */
export interface Adapter {
  /** Returns the job to run in place of `job`, or `job` itself if there is nothing to do. */
  before(job: Job): Job;
  /** Returns the outputs of `job`, given the outputs of the job that {@link before} returned. */
  after(outputs: readonly Tensor[], job: Job): readonly Tensor[];
}
