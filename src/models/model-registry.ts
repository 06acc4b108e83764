import { availableParallelism } from 'node:os';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { errors } from '../common/errors';
import { Config } from '../config/config';
import { ConfigError } from '../config/config-error';
import { Metrics, type ModelSnapshot } from '../observability/metrics';
import { describeModel } from './model-description';
import type { ModelSettings } from './model-settings';
import { ModelVersion, type VersionObserver } from './model-version';
import { placementOf } from './placement';
import type { Device } from '../runtime/messages';
import { scanRepository, type FoundModel, type Repository } from './repository';

/** A model of the repository and its versions, oldest first. */
export interface Model {
  readonly name: string;
  readonly settings: ModelSettings;
  readonly versions: readonly ModelVersion[];
}

/**
 * All models, loaded once at start. A model that cannot be loaded is UNAVAILABLE with the reason and stops neither
 * another model nor the start; loading does not hold back the server either, see {@link loaded}.
 */
@Injectable()
export class ModelRegistry implements OnModuleInit, OnApplicationShutdown {
  /** Resolves when every model of the start is READY or UNAVAILABLE. */
  loaded: Promise<void> = Promise.resolve();
  /** Whether {@link loaded} has resolved. */
  settled = false;

  private readonly logger = new Logger(ModelRegistry.name);
  private models: ReadonlyMap<string, Model> = new Map();
  private readonly observer: VersionObserver = {
    stateChanged: (version) => this.stateChanged(version),
    runnerDied: ({ name, version }, reason) => {
      this.metrics.runnerRestarted(name, version);
      this.logger.warn(`${name}/${version}: a runner is started anew, because ${reason}`);
    },
    fellBack: ({ name, version }, reason) => {
      this.metrics.deviceFellBack(name, version);
      this.logger.warn(`${name}/${version} runs on the CPU, because CUDA cannot be used: ${reason}`);
    },
  };

  constructor(
    private readonly config: Config,
    private readonly metrics: Metrics,
  ) {}

  /** Finds the models and starts to load them. @throws ConfigError when the repository cannot be read. */
  async onModuleInit(): Promise<void> {
    this.metrics.watchModels(() => this.snapshots());
    const { root, models } = await this.scan();
    const made = await Promise.all(models.map((model) => this.create(model, root)));
    this.models = new Map(made.map((model) => [model.name, model]));
    this.loaded = this.loadAll([...this.versions()]).then(() => void (this.settled = true));
  }

  /** Ends all runners. Runs after the servers have closed, so nothing is under way. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.versions()].map((version) => version.stop()));
  }

  /** All models, by name. */
  list(): readonly Model[] {
    return [...this.models.values()];
  }

  /** @throws NexusError model_not_found */
  get(name: string): Model {
    const model = this.models.get(name);
    if (model === undefined) throw errors.modelNotFound(name);
    return model;
  }

  /**
   * The version asked for, or the newest that is READY.
   * @throws NexusError model_not_found, version_not_found, model_not_ready
   */
  find(name: string, version?: string): ModelVersion {
    const { versions } = this.get(name);
    const found =
      version === undefined
        ? (versions.findLast(({ state }) => state === 'READY') ?? versions.at(-1))
        : versions.find((candidate) => candidate.version === version);
    if (found === undefined)
      throw errors.versionNotFound(
        name,
        String(version),
        versions.map((known) => known.version),
      );
    if (found.state !== 'READY') throw found.notReady();
    return found;
  }

  private *snapshots(): Generator<ModelSnapshot> {
    for (const { name, version, state, load } of this.versions())
      yield { model: name, version, state, ...load };
  }

  private stateChanged({ name, version, state, reason }: ModelVersion): void {
    const text = `${name}/${version} is ${state}${reason === '' ? '' : `: ${reason}`}`;
    if (state === 'UNAVAILABLE' && reason !== 'unloaded') this.logger.error(text);
    else this.logger.log(text);
  }

  private async scan(): Promise<Repository> {
    const path = this.config.modelRepository;
    const { root, models } = await scanRepository(path).catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError([
        `NEXUS_MODEL_REPOSITORY=${path}: cannot be read (${error.code}); name a folder of models`,
      ]);
    });
    return { root, models: this.selected(models) };
  }

  /** The models to load at the start. */
  private selected(models: readonly FoundModel[]): readonly FoundModel[] {
    const { modelControlMode, loadModels } = this.config;
    if (modelControlMode === 'none' || loadModels.includes('*')) return models;
    const missing = loadModels.find((name) => !models.some((model) => model.name === name));
    if (missing === undefined) return models.filter(({ name }) => loadModels.includes(name));
    const known = models.map(({ name }) => name).join(', ');
    throw new ConfigError([
      `NEXUS_LOAD_MODELS=${loadModels.join(',')}: there is no model '${missing}'; the repository has ${known}`,
    ]);
  }

  private async create(found: FoundModel, root: string): Promise<Model> {
    const { name } = found;
    const { settings, versions, refusal } = await describeModel(found, root);
    const device = settings.device ?? (this.config.device as Device);
    const placement = placementOf(settings, device, availableParallelism());
    const made = versions.map(({ version, path = '', reason }) => {
      const why = refusal ?? reason;
      const metrics = this.metrics.inference.model(name, version);
      const options = { model: name, version, path, root, settings, device, placement, metrics };
      return new ModelVersion(why === undefined ? options : { ...options, refusal: why }, this.observer);
    });
    return { name, settings, versions: made };
  }

  /** Loads as many at a time as there are cores: loading is work for the CPU. */
  private async loadAll(versions: ModelVersion[]): Promise<void> {
    const waiting = versions.values();
    const load = async () => {
      for (const version of waiting) await version.start();
    };
    await Promise.all(Array.from({ length: availableParallelism() }, load));
  }

  private *versions(): Generator<ModelVersion> {
    for (const { versions } of this.models.values()) yield* versions;
  }
}
