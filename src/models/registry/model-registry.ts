import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { errors } from '../../common/errors';
import { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import { Metrics, type ModelSnapshot } from '../../observability/metrics/metrics';
import { Catalogue } from './catalogue';
import { loadAll, ModelFactory } from './model-factory';
import type { Model, Servable } from '../model';
import { partNames } from '../../repository/pipeline-definition';
import { scanRepository, type FoundModel, type Repository } from '../../repository/repository';
import { Rollouts } from '../rollout/rollouts';

/**
 * All models that are served, loaded at the start or on demand. A model that cannot be loaded is UNAVAILABLE with the reason and
 * stops neither another model nor the start; loading does not hold back the server either, see {@link loaded}.
 */
@Injectable()
export class ModelRegistry implements OnModuleInit, OnApplicationShutdown {
  /** Resolves when every model of the start is READY or UNAVAILABLE. */
  loaded: Promise<void> = Promise.resolve();
  /** Whether {@link loaded} has resolved. */
  settled = false;

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
    private readonly factory: ModelFactory,
    private readonly catalogue: Catalogue,
    private readonly rollouts: Rollouts,
  ) {}

  /** Finds the models and starts to load them. @throws ConfigError when the repository cannot be read. */
  async onModuleInit(): Promise<void> {
    this.metrics.watchModels(() => this.snapshots());
    const { root, models } = await this.scan();
    const made = await this.make(this.selected(models), models, root);
    this.catalogue.models = new Map(made.map((model) => [model.name, model]));
    const versions = [...this.versions()];
    for (const version of versions) if (version.options.onDemand) version.defer();
    const others = versions.filter(({ options }) => !options.onDemand);
    this.loaded = loadAll(others).then(() => void (this.settled = true));
  }

  /** Ends all runners. Runs after the servers have closed, so nothing is under way. */
  async onApplicationShutdown(): Promise<void> {
    // Pipelines first, or each would tell that its parts are gone.
    const versions = [...this.versions()].toSorted((one, other) =>
      one.platform.localeCompare(other.platform),
    );
    await Promise.all(versions.map((version) => version.stop()));
  }

  /** All models, by name. */
  list(): readonly Model[] {
    return [...this.catalogue.models.values()];
  }

  /** The model of this name, if it is served. */
  peek(name: string): Model | undefined {
    return this.catalogue.models.get(name);
  }

  /** @throws NexusError model_not_found */
  get(name: string): Model {
    const model = this.catalogue.models.get(name);
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
    const before = this.catalogue.models.get(model.name);
    const sorted = [...this.catalogue.models, [model.name, model] as const].toSorted(([one], [other]) =>
      one < other ? -1 : 1,
    );
    this.catalogue.models = new Map(sorted);
    return before;
  }

  /** Serves no model of this name any more. Returns the one that was served; undefined when there was none. */
  remove(name: string): Model | undefined {
    const before = this.catalogue.models.get(name);
    this.catalogue.models = new Map([...this.catalogue.models].filter(([key]) => key !== name));
    return before;
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

  private scan(): Promise<Repository> {
    const path = this.config.modelRepository;
    return scanRepository(path).catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError([
        `NEXUS_MODEL_REPOSITORY=${path}: cannot be read (${error.code}); name a folder of models`,
      ]);
    });
  }

  /** Makes `selected`, and those of `all` that are needed for the steps of a pipeline among them. */
  private async make(
    selected: readonly FoundModel[],
    all: readonly FoundModel[],
    root: string,
  ): Promise<readonly Model[]> {
    const made = new Map<string, Model>();
    for (let next = selected; next.length > 0;) {
      const models = await Promise.all(next.map((model) => this.factory.create(model, root)));
      for (const model of models)
        made.set(model.name, selected === next ? model : { ...model, isPart: true });
      const needed = models.flatMap(({ settings }) => partNames(settings.pipeline));
      next = all.filter(({ name }) => needed.includes(name) && !made.has(name));
    }
    return [...made.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The models to load at the start. */
  private selected(models: readonly FoundModel[]): readonly FoundModel[] {
    const { modelControlMode, loadModels } = this.config;
    if (modelControlMode !== 'explicit' || loadModels.includes('*')) return models;
    const missing = loadModels.find((name) => !models.some((model) => model.name === name));
    if (missing === undefined) return models.filter(({ name }) => loadModels.includes(name));
    const known = models.map(({ name }) => name).join(', ');
    throw new ConfigError([
      `NEXUS_LOAD_MODELS=${loadModels.join(',')}: there is no model '${missing}'; the repository has ${known}`,
    ]);
  }

  private *versions(): Generator<Servable> {
    for (const { versions } of this.catalogue.models.values()) yield* versions;
  }
}
