import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { Metrics, type ModelSnapshot } from '../../observability/metrics/metrics';
import type { Model, ModelLookup, Servable } from '../model';
import { Rollouts } from '../rollout/rollouts';
import { loadAll } from './load-all';

/**
 * All models that are served, loaded at the start or on demand. A model that cannot be loaded is UNAVAILABLE with the reason and
 * stops neither another model nor the start; loading does not hold back the server either, see {@link loaded}.
 */
@Injectable()
export class ModelRegistry implements ModelLookup, OnApplicationShutdown {
  /** Resolves when every model of the start is READY or UNAVAILABLE. */
  loaded: Promise<void> = Promise.resolve();
  /** Whether {@link loaded} has resolved. */
  settled = false;
  /** By name, in its order. */
  private models: ReadonlyMap<string, Model> = new Map();

  constructor(
    private readonly config: Config,
    metrics: Metrics,
    private readonly rollouts: Rollouts,
  ) {
    metrics.watchModels(() => this.snapshots());
  }

  /** Serves `models`, those of the start, and begins to load them. */
  begin(models: readonly Model[]): void {
    this.serve(models.map((model) => [model.name, model]));
    const versions = [...this.versions()];
    for (const version of versions) if (version.options.onDemand) version.defer();
    const others = versions.filter(({ options }) => !options.onDemand);
    this.loaded = loadAll(others).then(() => void (this.settled = true));
  }

  /** Ends all runners. Runs after the servers have closed, so nothing is under way. */
  async onApplicationShutdown(): Promise<void> {
    // Pipelines first, or each would tell that its parts are gone.
    const rank = ({ steps }: Servable) => (steps === undefined ? 1 : 0);
    const versions = [...this.versions()].toSorted((one, other) => rank(one) - rank(other));
    await Promise.all(versions.map((version) => version.stop()));
  }

  /** All models, by name. */
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
   * The version asked for, by its number or an alias, or the newest that is READY.
   * @throws NexusError model_not_found, version_not_found, model_not_ready
   */
  find(name: string, version?: string): Servable {
    const found = version === undefined ? this.newestOf(name) : this.versionOf(name, version);
    if (found.state !== 'READY') throw found.notReady();
    return found;
  }

  /**
   * As {@link find}, and its signature is known: a model that is loaded on demand and never was is loaded for it.
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
   * The version that is to answer a request: the one asked for, or the one that the traffic of the model gives it to.
   * @throws NexusError as {@link find}
   */
  route(name: string, version: string | undefined, caller: () => string): Servable {
    if (version !== undefined || this.rollouts.of(name).traffic === null) return this.find(name, version);
    const ready = this.get(name).versions.filter(({ state }) => state === 'READY');
    const known = ready.map((candidate) => candidate.version);
    return this.find(name, this.rollouts.choose(name, known, caller));
  }

  /** The version asked for, in whatever state. @throws NexusError model_not_found, version_not_found */
  versionOf(name: string, asked: string): Servable {
    const { versions } = this.get(name);
    const version = this.rollouts.versionOf(name, asked);
    const found = versions.find((candidate) => candidate.version === version);
    if (found !== undefined) return found;
    if (version !== asked) throw errors.aliasDangling(name, asked, version);
    throw errors.versionNotFound(
      name,
      version,
      versions.map((known) => known.version),
    );
  }

  /** Serves `model` from now on, under its name. Returns the one that was served under it before. */
  put(model: Model): Model | undefined {
    const before = this.models.get(model.name);
    const all = new Map(this.models).set(model.name, model);
    this.serve([...all].toSorted(([one], [other]) => (one < other ? -1 : 1)));
    return before;
  }

  /** Serves no model of this name any more. Returns the one that was served; undefined when there was none. */
  remove(name: string): Model | undefined {
    const before = this.models.get(name);
    this.serve([...this.models].filter(([key]) => key !== name));
    return before;
  }

  /** To be called when the state of a version has changed: that of pipelines may follow from it. */
  review(): void {
    for (const version of this.versions()) version.review();
  }

  /** The newest version that is READY, or where none is the newest. */
  private newestOf(name: string): Servable {
    const { versions } = this.get(name);
    return versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1)!;
  }

  private *snapshots(): Generator<ModelSnapshot> {
    for (const found of this.versions()) {
      const { name, version, state, load, loadMs, metrics } = found;
      yield { model: name, version, state, loadMs, metrics, ...load, memory: () => found.residentBytes() };
    }
  }

  /** Serves `models` and no others from now on. */
  private serve(models: Iterable<readonly [string, Model]>): void {
    this.models = new Map(models);
    this.review();
  }

  private *versions(): Generator<Servable> {
    for (const { versions } of this.models.values()) yield* versions;
  }
}
