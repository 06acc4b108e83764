import { Injectable, Logger } from '@nestjs/common';
import { NexusError } from '../../common/nexus-error';
import { ModelRegistry } from '../../models/registry/model-registry';
import { LOWEST_PRIORITY } from '../../models/version/priorities';
import { Rollouts } from '../../models/rollout/rollouts';
import type { Servable } from '../../models/model';
import { validateInputs, validateOutputs } from '../../models/validation';
import type { ShadowStatistics } from './shadow-statistics';
import { compareOutputs } from './comparison';
import { ShadowMetrics } from './shadow-metrics';

type Job = Parameters<Servable['run']>[0];
type JobResult = Awaited<ReturnType<Servable['run']>>;

/** Maximum number of mirrored requests in flight, over all models. Their tensors stay in memory. */
const MAX_IN_FLIGHT = 4;

/** The client name of mirrored requests in the queue of the shadow. */
const CALLER = 'shadow';

/** A mirrored request that has not started after this time is dropped. */
const WAIT_MS = 1000;

/** Mirrors answered requests to the shadow version of their model and compares the outputs. */
@Injectable()
export class Shadowing {
  private readonly logger = new Logger('Shadow');
  private inFlight = 0;

  constructor(
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
    private readonly metrics: ShadowMetrics,
  ) {}

  /**
   * Mirrors `job`, for which `answering` returned `result`, to the shadow of its model, if it has one and its share
   * includes this request. Never throws and does not wait. Drops the request under load.
   */
  mirror(answering: Servable, job: Job, result: JobResult): void {
    const target = this.rollouts.shadowOf(answering.name);
    if (target === undefined || target.version === answering.version) return;
    const statistics = this.metrics.of(answering.name, target.version);
    if (!statistics.sample(target.share)) return;
    const versions = this.registry.peek(answering.name)?.versions;
    const shadow = versions?.find(({ version }) => version === target.version);
    const isFree = this.inFlight < MAX_IN_FLIGHT && answering.load.waitingRequests === 0;
    if (!isFree || shadow?.state !== 'READY' || shadow.load.waitingRequests > 0) statistics.dropped++;
    else void this.compare(answering, shadow, job, result, statistics);
  }

  private async compare(
    answering: Servable,
    shadow: Servable,
    job: Job,
    result: JobResult,
    statistics: ShadowStatistics,
  ): Promise<void> {
    this.inFlight++;
    shadow.enter();
    try {
      const own = await shadow.run(jobFor(shadow, job));
      const differences = await compareOutputs(result.outputs, own.outputs, answering.signature.labels);
      statistics.compare(differences, totalMs(result), totalMs(own));
    } catch (error) {
      this.count(error, statistics);
    } finally {
      shadow.leave();
      this.inFlight--;
    }
  }

  private count(error: unknown, statistics: ShadowStatistics): void {
    const isKnown = error instanceof NexusError;
    if (isKnown && (error.kind === 'overloaded' || error.kind === 'deadline')) statistics.dropped++;
    else statistics.fail(isKnown ? error.message : 'internal error; see the server log');
    if (!isKnown) this.logger.error(error);
  }
}

/** `job` for `shadow`. @throws NexusError invalid_input if its inputs or outputs differ. */
function jobFor({ name, signature }: Servable, job: Job): Job {
  return {
    ...validateInputs(job.inputs, name, signature),
    outputs: validateOutputs(job.outputs, name, signature),
    text: job.text,
    caller: CALLER,
    priority: LOWEST_PRIORITY,
    deadline: performance.now() + WAIT_MS,
    abandoned: undefined,
  };
}

function totalMs({ queueMs, inputMs, runMs, outputMs }: JobResult): number {
  return queueMs + inputMs + runMs + outputMs;
}
