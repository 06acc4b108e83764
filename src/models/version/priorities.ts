import type { Job } from '../../scheduling/job';
import type { ModelSettings, QueuePolicy } from '../../repository/model-settings';

/** Priority of a job that runs after the jobs of all levels of a model. */
export const LOWEST_PRIORITY = Infinity;

/**
 * The priority levels of a model, where 1 is the highest, as in Triton's schedule policy extension. A model without
 * levels has one level for all requests.
 */
export class Priorities {
  private readonly levels: number;
  private readonly default: number;

  constructor(private readonly settings: ModelSettings) {
    this.levels = settings.priority_levels ?? 0;
    this.default = settings.default_priority_level ?? this.levels;
  }

  /** The level of a request with the parameter `priority`; the default level if it is 0 or does not exist. */
  levelOf(priority: number): number {
    if (priority === LOWEST_PRIORITY) return this.levels + 1;
    return priority === 0 || priority > this.levels ? this.default : priority;
  }

  /** Returns `job`, which arrives at `now`, with a valid level and a deadline limited by the queue timeout of that level. */
  place(job: Job, now: number): Job {
    const priority = this.levelOf(job.priority);
    const { timeout_us: timeout = Infinity } = this.policyOf(priority);
    if (priority === job.priority && timeout === Infinity) return job;
    return { ...job, priority, deadline: Math.min(job.deadline, now + timeout / 1000) };
  }

  /** Limits on the number and the waiting time of queued requests of `level`. */
  policyOf(level: number): QueuePolicy {
    return this.settings.priority_queue_policy?.get(level) ?? this.settings.queue_policy ?? {};
  }
}
