import type { Job } from '../../scheduling/job';
import type { ModelSettings, QueuePolicy } from '../../repository/model-settings';

/** Of a job that goes behind those of every level that a model has. */
export const LOWEST_PRIORITY = Infinity;

/**
 * The priority levels of a model, of which 1 is the highest, by the schedule policy extension of Triton. A model
 * without levels has one for all requests.
 */
export class Priorities {
  private readonly levels: number;
  private readonly default: number;

  constructor(private readonly settings: ModelSettings) {
    this.levels = settings.priority_levels ?? 0;
    this.default = settings.default_priority_level ?? this.levels;
  }

  /** The level of a request with the parameter `priority`: 0, or a level that the model has not, is its default. */
  levelOf(priority: number): number {
    if (priority === LOWEST_PRIORITY) return this.levels + 1;
    return priority === 0 || priority > this.levels ? this.default : priority;
  }

  /** `job`, which comes `now`, at a level that the model has, and with the end of the time that it may wait there as its deadline. */
  place(job: Job, now: number): Job {
    const priority = this.levelOf(job.priority);
    const { timeout_us: timeout = Infinity } = this.policyOf(priority);
    if (priority === job.priority && timeout === Infinity) return job;
    return { ...job, priority, deadline: Math.min(job.deadline, now + timeout / 1000) };
  }

  /** How long, and how many, requests of `level` may wait. */
  policyOf(level: number): QueuePolicy {
    return this.settings.priority_queue_policy?.get(level) ?? this.settings.queue_policy ?? {};
  }
}
