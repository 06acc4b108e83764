import type { Tensor } from '../../tensor/tensor';
import type { Job } from '../../scheduling/job';

/** What is done to the inputs of a job before it runs, and to its outputs after. */
export interface Adapter {
  /** The job to run in place of `job`; `job` itself where there is nothing to do. */
  before(job: Job): Job;
  /** The outputs of `job`, given those of the other job that {@link before} made of it. */
  after(outputs: readonly Tensor[], job: Job): readonly Tensor[];
}
