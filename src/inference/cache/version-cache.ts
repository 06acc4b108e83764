import { createHash } from 'node:crypto';
import type { CachePolicy } from '../../repository/model-settings';
import type { Servable } from '../../models/model';
import type { CacheUse } from '../../common/run-times';
import type { Entries } from './entries';
import { keyOf } from './key';
import { SingleFlight, type Waiter } from './single-flight';

type Job = Parameters<Servable['run']>[0];
type JobResult = Awaited<ReturnType<Servable['run']>>;

/** The result of a job, and whether the cache had it. A hit has no run times. */
export interface CachedResult extends JobResult {
  readonly cache?: CacheUse;
}

const NO_RUN = { queueMs: 0, inputMs: 0, runMs: 0, outputMs: 0 } as const;

/** Serves equal requests to one model version with one run. */
export class VersionCache {
  private readonly flights = new SingleFlight<JobResult & { readonly isKept: boolean }>();
  /** Digest of everything else that responses depend on, apart from the model file and the request. */
  private readonly form: string;

  constructor(
    private readonly version: Servable,
    private readonly policy: CachePolicy,
    private readonly entries: Entries,
  ) {
    const { name, signature, options } = version;
    const { inputs, outputs, batches } = signature;
    const { declared, pad } = options.settings;
    const form = [name, version.version, inputs, outputs, batches, declared, pad, taskOf(version)];
    this.form = createHash('sha256').update(JSON.stringify(form)).digest('hex');
  }

  /**
   * The result of `job`: from the cache, from a run in flight for an equal job, or from a new run. A failed run fails
   * all jobs that wait for it, and is not cached. Rejects with a NexusError.
   */
  async run(job: Job): Promise<CachedResult> {
    const started = performance.now();
    const key = await keyOf({
      model: `${this.version.identity} ${this.form}`,
      caller: this.policy.scope === 'all' ? '' : job.caller,
      outputs: job.outputs,
      inputs: job.inputs,
      text: job.text,
    });
    // The priority is part of the key, so that a high-priority request does not wait for a low-priority run.
    const { result, isFirst } = await this.flights.join(`${job.priority} ${key}`, job, (all) =>
      this.compute(key, sharedBy(all, job)),
    );
    const ms = performance.now() - started;
    if (result.isKept || !isFirst)
      return { ...NO_RUN, outputs: result.outputs, cache: { outcome: 'hit', ms } };
    const { queueMs, inputMs, runMs, outputMs } = result;
    // Parts of a large job run in parallel, and their times are summed.
    const own = Math.max(0, ms - queueMs - inputMs - runMs - outputMs);
    return { ...result, cache: { outcome: 'miss', ms: own } };
  }

  private async compute(key: string, job: Job) {
    const outputs = await this.entries.get(key);
    if (outputs !== undefined) return { ...NO_RUN, outputs, isKept: true };
    const result = await this.version.run(job);
    this.entries.set(key, result.outputs);
    return { ...result, isKept: false };
  }
}

/** The task of `version`, with the content of its tokenizer in place of the path, which differs between gateways. */
function taskOf({ signature: { task }, tokenizer }: Servable): object | undefined {
  return task?.text === undefined ? task : { ...task, text: { ...task.text, tokenizer: tokenizer?.digest } };
}

/** `job` with the deadline and client state of all its waiters. More waiters may be added later. */
function sharedBy(all: Waiter, job: Job): Job {
  return {
    ...job,
    get deadline() {
      return all.deadline;
    },
    abandoned: all.abandoned,
  };
}
