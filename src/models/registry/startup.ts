import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../config/config';
import { ConfigError } from '../../config/config-error';
import type { Model } from '../model';
import { systemReason } from '../../repository/inner-file';
import { partNames } from '../../repository/pipeline-definition';
import { scanRepositories } from '../../repository/repositories';
import type { FoundModel } from '../../repository/repository';
import { Mirrors } from '../../storage/sync/mirrors';
import { ModelFactory } from './model-factory';
import { ModelRegistry } from './model-registry';
import { listed, nameFault } from './only-name';

/** Creates the models to serve at start and passes them to the registry. */
@Injectable()
export class Startup implements OnModuleInit {
  constructor(
    private readonly config: Config,
    private readonly factory: ModelFactory,
    private readonly registry: ModelRegistry,
    private readonly mirrors: Mirrors,
  ) {}

  /**
   * Finds the models and starts to load them. Models of repositories at URLs are downloaded first, while the server listens and
   * is not ready.
   * @throws ConfigError if a repository cannot be read, or NEXUS_MODEL_NAME does not fit it.
   */
  async onModuleInit(): Promise<void> {
    const { registry, mirrors } = this;
    await mirrors.start(() =>
      registry.list().flatMap(({ versions }) => versions.map((one) => one.options.path)),
    );
    if (!mirrors.hasUrls) return registry.begin(await this.find());
    registry.beginLater(mirrors.ready.then(() => this.find()));
  }

  private async find(): Promise<readonly Model[]> {
    const models = await this.scan();
    const fault = nameFault(this.config.modelName, models);
    if (fault !== '') throw new ConfigError([fault]);
    return this.make(this.selected(models), models);
  }

  private scan(): Promise<readonly FoundModel[]> {
    const { modelRepository, modelName } = this.config;
    return scanRepositories(this.mirrors.roots, modelName).catch((error: NodeJS.ErrnoException) => {
      throw new ConfigError([
        `NEXUS_MODEL_REPOSITORY=${modelRepository.join(',')}: ${error.path ?? 'it'} cannot be read (${systemReason(error)}); set it to a folder of models`,
      ]);
    });
  }

  /** Creates `selected`, and the models in `all` that the pipelines among them need. */
  private async make(selected: readonly FoundModel[], all: readonly FoundModel[]): Promise<readonly Model[]> {
    const made = new Map<string, Model>();
    for (let next = selected; next.length > 0;) {
      const models = await Promise.all(next.map((model) => this.factory.create(model)));
      for (const model of models)
        made.set(model.name, selected === next ? model : { ...model, isPart: true });
      const needed = models.flatMap(({ settings }) => partNames(settings.pipeline));
      next = all.filter(({ name }) => needed.includes(name) && !made.has(name));
    }
    return [...made.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The models to load at start. */
  private selected(models: readonly FoundModel[]): readonly FoundModel[] {
    const { modelControlMode, loadModels } = this.config;
    if (modelControlMode !== 'explicit' || loadModels.includes('*')) return models;
    const missing = loadModels.find((name) => !models.some((model) => model.name === name));
    if (missing === undefined) return models.filter(({ name }) => loadModels.includes(name));
    throw new ConfigError([
      `NEXUS_LOAD_MODELS=${loadModels.join(',')}: the model repository has no model '${missing}'; it has ${listed(models) || 'no models'}`,
    ]);
  }
}
