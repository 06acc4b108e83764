import { Injectable } from '@nestjs/common';
import { NexusError } from '../../common/nexus-error';
import type { Caller } from '../../identity/caller';
import type { Servable } from '../../models/model';
import { ModelRegistry } from '../../models/registry/model-registry';
import { fallbacksOf, type FallbackError } from '../../repository/remote-settings';
import { validateInputs, validateOutputs } from '../../models/validation';
import { InferenceCache } from '../cache/inference-cache';
import type { CachedResult } from '../cache/version-cache';

type Job = Parameters<Servable['run']>[0];

/** A request that a fallback model has answered. */
interface TakenOver {
  readonly servable: Servable;
  readonly job: Job;
  readonly result: CachedResult;
}

/** The class of each kind of error that another model may not have. */
const CLASSES: Partial<Record<NexusError['kind'], FallbackError>> = {
  unavailable: 'unavailable',
  overloaded: 'overloaded',
  deadline: 'timeout',
  bad_gateway: 'failed',
  internal: 'failed',
};

/** Chooses the models that answer in place of another. */
@Injectable()
export class Fallbacks {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly cache: InferenceCache,
  ) {}

  /**
   * The version that handles a request, as {@link ModelRegistry.route} chooses it, or a version of a fallback model if none is
   * ready. A request for a certain version has no fallback.
   * @param isForwarded whether the request is one of the OpenAI API, which only some models pass on.
   * @throws NexusError model_not_found, version_not_found, model_not_ready
   */
  route(model: string, version: string | undefined, caller: Caller, isForwarded: boolean): Servable {
    try {
      return this.registry.route(model, version, caller);
    } catch (error) {
      const other = version === undefined ? this.next(model, error, caller, [], isForwarded) : undefined;
      if (other === undefined) throw error;
      return other;
    }
  }

  /**
   * Runs `job`, which `error` has failed on `first`, on the other fallbacks of `model` until one answers. The version that
   * answers is entered; the caller must leave it. Rejects with the error of the last one.
   * @param first a version of `model`, or the fallback that was chosen for it.
   * @param started when the request came, on the `performance.now()` clock.
   */
  async run(
    model: string,
    first: Servable,
    job: Job,
    caller: Caller,
    started: number,
    error: unknown,
  ): Promise<TakenOver> {
    const tried = [first.name];
    const reason = error;
    const failedAt = performance.now();
    for (;;) {
      const servable = this.next(model, error, caller, tried, false);
      if (servable === undefined) throw error;
      tried.push(servable.name);
      servable.enter();
      try {
        const fitted = await fit(job, servable);
        const result = await this.cache.run(servable, fitted);
        first.metrics.request(kindOf(reason), 0, { totalMs: failedAt - started });
        return { servable, job: fitted, result };
      } catch (failure) {
        servable.leave();
        servable.metrics.request(kindOf(failure), 0, { totalMs: performance.now() - started });
        error = failure;
      }
    }
  }

  /**
   * The next version to try when `error` has failed a request to `model`; undefined if there is none. It is of one of the
   * fallbacks of `model`, which `caller` sees.
   * @param tried names of the models that have failed.
   * @param isForwarded see {@link route}.
   */
  next(
    model: string,
    error: unknown,
    caller: Caller,
    tried: readonly string[],
    isForwarded: boolean,
  ): Servable | undefined {
    const settings = this.registry.peek(model)?.settings;
    if (settings?.fallback === undefined) return undefined;
    const failure = error instanceof NexusError ? CLASSES[error.kind] : 'failed';
    if (failure === undefined) return undefined;
    for (const { model: name, on } of fallbacksOf(settings)) {
      if (name === model || tried.includes(name) || !caller.sees(name)) continue;
      if (on?.includes(failure) === false) continue;
      const found = this.ready(name, caller);
      if (found === undefined || (found.forwarder !== undefined) !== isForwarded) continue;
      found.metrics.tookOver(model);
      return found;
    }
    return undefined;
  }

  /** The version of `model` that handles a request; undefined if it is not ready. */
  private ready(model: string, caller: Caller): Servable | undefined {
    try {
      return this.registry.route(model, undefined, caller);
    } catch (error) {
      if (error instanceof NexusError) return undefined;
      throw error;
    }
  }
}

/** `job` for `servable`. @throws NexusError invalid_input if its inputs or outputs differ; model_not_ready. */
async function fit(job: Job, servable: Servable): Promise<Job> {
  if (!servable.isDescribed) await servable.described(job.deadline);
  const { name, signature } = servable;
  const outputs = validateOutputs(job.outputs, name, signature);
  return { ...job, ...validateInputs(job.inputs, name, signature), outputs };
}

function kindOf(error: unknown): NexusError['kind'] {
  return error instanceof NexusError ? error.kind : 'internal';
}
