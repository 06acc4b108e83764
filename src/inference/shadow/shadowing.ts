import { Injectable, Logger } from '@nestjs/common';
import { NexusError } from '../../common/errors';
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

/** Most requests that are with a shadow at a time, of all models: their tensors are kept for as long. */
const MOST_UNDER_WAY = 4;

/** Who asks a shadow, among the callers of its queue. */
const CALLER = 'shadow';

/** A shadow that has not started in this time has too much to do. */
const WAIT_MS = 1000;

/** Shows requests that have been answered to another version of their model, and compares what that makes of them. */
@Injectable()
export class Shadowing {
  private readonly logger = new Logger('Shadow');
  private underWay = 0;

  constructor(
    private readonly registry: ModelRegistry,
    private readonly rollouts: Rollouts,
    private readonly metrics: ShadowMetrics,
  ) {}

  /**
   * Shows `job`, which `answering` has made `result` of, to the shadow of its model, if it has one and this is its
   * turn. Never throws, and does not wait for it; drops it when there is much to do.
   */
  show(answering: Servable, job: Job, result: JobResult): void {
    const target = this.rollouts.shadowOf(answering.name);
    if (target === undefined || target.version === answering.version) return;
    const statistics = this.metrics.of(answering.name, target.version);
    if (!statistics.isTurn(target.share)) return;
    const versions = this.registry.peek(answering.name)?.versions;
    const shadow = versions?.find(({ version }) => version === target.version);
    const isFree = this.underWay < MOST_UNDER_WAY && answering.load.waitingRequests === 0;
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
    this.underWay++;
    shadow.enter();
    try {
      const own = await shadow.run(jobFor(shadow, job));
      const differences = await compareOutputs(result.outputs, own.outputs, answering.signature.labels);
      statistics.compare(differences, totalMs(result), totalMs(own));
    } catch (error) {
      this.count(error, statistics);
    } finally {
      shadow.leave();
      this.underWay--;
    }
  }

  private count(error: unknown, statistics: ShadowStatistics): void {
    const isKnown = error instanceof NexusError;
    if (isKnown && (error.kind === 'overloaded' || error.kind === 'deadline')) statistics.dropped++;
    else statistics.fail(isKnown ? error.message : 'an error in the gateway, which its log has');
    if (!isKnown) this.logger.error(error);
  }
}

/** `job` as `shadow` takes it. @throws NexusError invalid_input when it takes something else. */
function jobFor({ name, signature }: Servable, job: Job): Job {
  return {
    ...validateInputs(job.inputs, name, signature),
    outputs: validateOutputs(job.outputs, name, signature),
    caller: CALLER,
    priority: LOWEST_PRIORITY,
    deadline: performance.now() + WAIT_MS,
    abandoned: undefined,
  };
}

function totalMs({ queueMs, inputMs, runMs, outputMs }: JobResult): number {
  return queueMs + inputMs + runMs + outputMs;
}
