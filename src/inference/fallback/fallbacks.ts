import { Injectable } from '@nestjs/common';
import { NexusError } from '../../common/nexus-error';
import type { Caller } from '../../identity/caller';
import type { Servable } from '../../models/model';
import { ModelRegistry } from '../../models/registry/model-registry';
import { fallbacksOf, type FallbackError } from '../../repository/remote-settings';
import { validateInputs, validateOutputs } from '../../models/validation';
import type { ModelSettings } from '../../repository/model-settings';
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
   * @throws NexusError model_not_found, version_not_found, model_not_ready
   */
  route(model: string, version: string | undefined, caller: Caller): Servable {
    try {
      return this.registry.route(model, version, caller);
    } catch (error) {
      const settings = version === undefined ? this.registry.peek(model)?.settings : undefined;
      const other = settings && this.next(model, settings, error, caller, []);
      if (other === undefined) throw error;
      return other;
    }
  }

  /**
   * Runs `job`, which `error` has failed on `first`, on its fallbacks until one answers. The version that answers is entered;
   * the caller must leave it. Rejects with the error of the last one.
   */
  async run(first: Servable, job: Job, caller: Caller, error: unknown): Promise<TakenOver> {
    const tried: string[] = [];
    const reason = error;
    for (;;) {
      const servable = this.next(first.name, first.options.settings, error, caller, tried);
      if (servable === undefined || servable.forwarder !== undefined) throw error;
      tried.push(servable.name);
      servable.enter();
      try {
        const fitted = await fit(job, servable);
        const result = await this.cache.run(servable, fitted);
        first.metrics.request(kindOf(reason), 0, { totalMs: 0 });
        return { servable, job: fitted, result };
      } catch (failure) {
        servable.leave();
        servable.metrics.request(kindOf(failure), 0, { totalMs: 0 });
        error = failure;
      }
    }
  }

  /**
   * The next version to try when `error` has failed a request; undefined if there is none. It never is of another model than
   * those in `settings`, which `caller` sees.
   * @param tried names of the models that have failed.
   */
  next(
    model: string,
    settings: ModelSettings,
    error: unknown,
    caller: Caller,
    tried: readonly string[],
  ): Servable | undefined {
    if (settings.fallback === undefined) return undefined;
    const failure = error instanceof NexusError ? CLASSES[error.kind] : 'failed';
    if (failure === undefined) return undefined;
    const others = fallbacksOf(settings).filter(
      ({ model: name, on }) =>
        name !== model && !tried.includes(name) && caller.sees(name) && on?.includes(failure) !== false,
    );
    for (const { model: name } of others) {
      if (this.registry.peek(name)?.versions.some(({ state }) => state === 'READY') !== true) continue;
      const found = this.registry.route(name, undefined, caller);
      found.metrics.tookOver(model);
      return found;
    }
    return undefined;
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
