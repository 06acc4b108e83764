import { Injectable } from '@nestjs/common';
import { errors } from '../common/errors';
import { Config } from '../config/config';
import { loadAll, ModelFactory, type Model } from './model-factory';
import { ModelRegistry } from './model-registry';
import type { Parameters } from './overrides/load-parameters';
import { OverrideFolder } from './overrides/override-folder';
import { kindOf, refusedParameter, requireModelName, type Overrides } from './overrides/overrides';
import { findModel, scanRepository } from './repository';
import type { RepositoryIndexEntry } from './rest/repository.dto';

/** Loads and unloads models while the gateway runs, and tells what the repository holds. */
@Injectable()
export class ModelControl {
  /** The last change of each model under way: one at a time. */
  private readonly changes = new Map<string, Promise<void>>();
  /** Why the last loading from the repository of a model that is not served failed. */
  private readonly failures = new Map<string, string>();

  constructor(
    private readonly config: Config,
    private readonly registry: ModelRegistry,
    private readonly factory: ModelFactory,
  ) {}

  /** @throws NexusError model_control_off */
  requireExplicit(): void {
    if (this.config.modelControlMode === 'none') throw errors.modelControlOff();
  }

  /**
   * Loads the model as the repository has it now, or, this once, as `overrides` have it. One of the same name is
   * served until the new one is READY, and answers what it has taken before it ends; when nothing of the new one can
   * be loaded, it stays.
   *
   * @throws NexusError model_control_off, invalid_input, not_in_repository, no_room, load_failed
   */
  async load(name: string, overrides: Overrides): Promise<void> {
    await this.change(name, () => this.loadNow(name, overrides));
  }

  /**
   * Serves the model no more. Resolves when what it had taken is answered and its processes are gone.
   * @throws NexusError model_control_off, invalid_input, model_not_found
   */
  async unload(name: string, parameters: Parameters): Promise<void> {
    // No model depends on another, so there is nothing to do for it.
    requireUnloadParameters(parameters);
    await this.change(name, async () => {
      const model = this.registry.remove(name);
      if (model === undefined) throw errors.modelNotFound(name);
      await retire(model);
    });
  }

  /** Every version of every model, served or only in the repository, with its state and the reason. */
  async index(): Promise<RepositoryIndexEntry[]> {
    const served = this.registry.list().flatMap(({ versions }) => versions);
    const entries = served.map(({ name, version, state, reason }) => ({ name, version, state, reason }));
    if (this.config.modelControlMode === 'none') return entries;
    const names = new Set(served.map(({ name }) => name));
    const { models } = await scanRepository(this.config.modelRepository);
    const others = models
      .filter(({ name }) => !names.has(name))
      .flatMap(({ name, versions }) => versions.map(({ version }) => this.unloaded(name, version)));
    return [...entries, ...others].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  private unloaded(name: string, version: string): RepositoryIndexEntry {
    return { name, version, state: 'UNAVAILABLE', reason: this.failures.get(name) ?? 'unloaded' };
  }

  /** Runs `work` when the earlier changes of the model are done. */
  private async change(name: string, work: () => Promise<void>): Promise<void> {
    this.requireExplicit();
    const earlier = this.changes.get(name) ?? this.registry.loaded;
    const change = earlier.catch(() => {}).then(work);
    this.changes.set(name, change);
    return change.finally(() => this.changes.get(name) === change && this.changes.delete(name));
  }

  private async loadNow(name: string, { config, files }: Overrides): Promise<void> {
    if (files.size === 0) return this.serve(await this.fromRepository(name, config));
    requireModelName(name);
    const folder = await OverrideFolder.write(files);
    try {
      const found = await findModel(folder.path, name, folder.path);
      await this.serve({ ...(await this.factory.create(found, folder.path, config)), folder });
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  private async fromRepository(name: string, config: string | undefined): Promise<Model> {
    const { root, models } = await scanRepository(this.config.modelRepository);
    const found = models.find((model) => model.name === name);
    if (found !== undefined) return this.factory.create(found, root, config);
    throw errors.notInRepository(
      name,
      models.map((model) => model.name),
    );
  }

  private async serve(model: Model): Promise<void> {
    await loadAll(model.versions);
    if (!model.versions.some(({ state }) => state === 'READY')) await this.refuse(model);
    this.failures.delete(model.name);
    const before = this.registry.put(model);
    if (before !== undefined) void retire(before);
  }

  private async refuse({ name, versions, folder }: Model): Promise<never> {
    const reason = versions.map((version) => `version ${version.version}: ${version.reason}`).join('; ');
    if (folder === undefined) this.failures.set(name, reason);
    await Promise.all(versions.map((version) => version.stop()));
    throw errors.loadFailed(name, reason);
  }
}

/** @throws NexusError invalid_input for a parameter that is not known, and for a value that is not one of its. */
function requireUnloadParameters({ unload_dependents: dependents = false, ...others }: Parameters): void {
  if (typeof dependents !== 'boolean')
    throw refusedParameter('unload_dependents', `expected true or false, got ${kindOf(dependents)}`);
  const [strange] = Object.keys(others);
  if (strange !== undefined)
    throw refusedParameter(strange, 'not supported; a model is unloaded with unload_dependents');
}

async function retire({ versions, folder }: Model): Promise<void> {
  await Promise.all(versions.map((version) => version.retire()));
  await folder?.remove();
}
