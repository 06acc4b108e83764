import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { Metrics } from '../../observability/metrics/metrics';
import type { ModelSnapshot } from '../../observability/metrics/model-snapshot';
import type { Model, ModelLookup, Servable } from '../model';
import { Rollouts } from '../rollout/rollouts';
import { loadAll } from './load-all';

/**
 * All models that are served, loaded at start or on demand. A model that cannot be loaded is UNAVAILABLE with the
 * reason, and does not affect other models or the start. The server does not wait for loading; see {@link loaded}.
 */
@Injectable()
export class ModelRegistry implements ModelLookup, OnApplicationShutdown {
  /** Resolves when every model loaded at start is READY or UNAVAILABLE. */
  loaded: Promise<void> = Promise.resolve();
  /** Whether {@link loaded} has resolved. */
  settled = false;
  /** Whether requests to any model are forwarded to engines of the OpenAI API. */
  forwards = false;
  /** Models by name, sorted by name. */
  private models: ReadonlyMap<string, Model> = new Map();

  constructor(
    private readonly config: Config,
    metrics: Metrics,
    private readonly rollouts: Rollouts,
  ) {
    metrics.watchModels(() => this.snapshots());
  }

  /** Serves the initial `models` and starts to load them. */
  begin(models: readonly Model[]): void {
    this.serve(models.map((model) => [model.name, model]));
    const versions = [...this.versions()];
    for (const version of versions) if (version.options.onDemand) version.defer();
    const others = versions.filter(({ options }) => !options.onDemand);
    this.loaded = loadAll(others).then(() => void (this.settled = true));
  }

  /** Like {@link begin}, with models that are found later. {@link loaded} rejects if `models` does. */
  beginLater(models: Promise<readonly Model[]>): void {
    this.loaded = models.then((found) => {
      this.begin(found);
      return this.loaded;
    });
    // The start of the application waits for it, and may not have begun to.
    this.loaded.catch(() => {});
  }

  /** Stops all runners. Runs after the servers have closed, so no requests are in flight. */
  async onApplicationShutdown(): Promise<void> {
    // Stop pipelines first. Otherwise each would report that its parts are missing.
    const rank = ({ steps }: Servable) => (steps === undefined ? 1 : 0);
    const versions = [...this.versions()].toSorted((one, other) => rank(one) - rank(other));
    await Promise.all(versions.map((version) => version.stop()));
  }

  /** All models, sorted by name. */
  list(): readonly Model[] {
    return [...this.models.values()];
  }

  peek(name: string): Model | undefined {
    return this.models.get(name);
  }

  /** @throws NexusError model_not_found */
  get(name: string): Model {
    const model = this.models.get(name);
    if (model === undefined) throw errors.modelNotFound(name);
    return model;
  }

  /**
   * The requested version, by number or alias, or the newest READY version.
   * @throws NexusError model_not_found, version_not_found, model_not_ready
   */
  find(name: string, version?: string): Servable {
    const found = version === undefined ? this.newestOf(name) : this.versionOf(name, version);
    if (found.state !== 'READY') throw found.notReady();
    return found;
  }

  /**
   * Like {@link find}, but also makes sure that the signature is known: a model that was never loaded is loaded.
   * @throws NexusError as find, and memory_full, deadline_exceeded
   */
  async describe(name: string, version?: string): Promise<Servable> {
    const found = this.find(name, version);
    found.enter();
    try {
      await found.described(performance.now() + this.config.requestTimeoutMs);
      return found;
    } finally {
      found.leave();
    }
  }

  /**
   * The version that handles a request: the requested one, or the one that the traffic split of the model selects.
   * @throws NexusError as {@link find}
   */
  route(name: string, version: string | undefined, caller: { readonly id: string }): Servable {
    if (version !== undefined || this.rollouts.of(name).traffic === null) return this.find(name, version);
    const ready = this.get(name).versions.filter(({ state }) => state === 'READY');
    const known = ready.map((candidate) => candidate.version);
    return this.find(name, this.rollouts.choose(name, known, caller));
  }

  /** The requested version, in any state. @throws NexusError model_not_found, version_not_found */
  versionOf(name: string, requested: string): Servable {
    const { versions } = this.get(name);
    const version = this.rollouts.versionOf(name, requested);
    const found = versions.find((candidate) => candidate.version === version);
    if (found !== undefined) return found;
    if (version !== requested) throw errors.aliasDangling(name, requested, version);
    throw errors.versionNotFound(
      name,
      version,
      versions.map((known) => known.version),
    );
  }

  /** Serves `model` under its name. Returns the model that it replaces; undefined if there is none. */
  put(model: Model): Model | undefined {
    const before = this.models.get(model.name);
    const all = new Map(this.models).set(model.name, model);
    this.serve([...all].toSorted(([one], [other]) => (one < other ? -1 : 1)));
    return before;
  }

  /** Removes the model. Returns it; undefined if it was not served. */
  remove(name: string): Model | undefined {
    const before = this.models.get(name);
    this.serve([...this.models].filter(([key]) => key !== name));
    return before;
  }

  /** Call it when the state of a version has changed: the state of pipelines may depend on it. */
  review(): void {
    for (const version of this.versions()) version.review();
  }

  /** The newest READY version, or the newest version if none is READY. */
  private newestOf(name: string): Servable {
    const { versions } = this.get(name);
    return versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1)!;
  }

  private *snapshots(): Generator<ModelSnapshot> {
    for (const found of this.versions()) {
      const { name, version, state, load, loadMs, metrics } = found;
      const targets = found.targets.map(({ target, ...status }) => ({ id: target.id, ...status }));
      const memory = () => found.residentBytes();
      yield { model: name, version, state, loadMs, metrics, targets, ...load, memory };
    }
  }

  /** Replaces the served models. */
  private serve(models: Iterable<readonly [string, Model]>): void {
    this.models = new Map(models);
    this.forwards = [...this.versions()].some(({ forwarder }) => forwarder !== undefined);
    this.review();
  }

  private *versions(): Generator<Servable> {
    for (const { versions } of this.models.values()) yield* versions;
  }
}
