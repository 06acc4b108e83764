import { Injectable } from '@nestjs/common';
import { errors } from '../common/errors';
import { Config } from '../config/config';
import { loadAll, ModelFactory, type Model } from './model-factory';
import { ModelRegistry } from './model-registry';
import { scanRepository } from './repository';
import type { RepositoryIndexEntry } from './rest/repository.dto';

/** Parameters of a change, as the client sent them. */
type Parameters = Readonly<Record<string, unknown>>;

/** Loads and unloads models while the gateway runs, and tells what the repository holds. */
@Injectable()
export class ModelControl {
  /** The last change of each model under way: one at a time. */
  private readonly changes = new Map<string, Promise<void>>();
  /** Why the last loading of a model that is not served failed. */
  private readonly failures = new Map<string, string>();

  constructor(
    private readonly config: Config,
    private readonly registry: ModelRegistry,
    private readonly factory: ModelFactory,
  ) {}

  /**
   * Loads the model as the repository has it now. One of the same name is served until the new one is READY, and
   * answers what it has taken before it ends; when nothing of the new one can be loaded, it stays.
   *
   * @throws NexusError model_control_off, invalid_input, not_in_repository, load_failed
   */
  async load(name: string, parameters: Parameters): Promise<void> {
    checkParameters(parameters, []);
    await this.change(name, () => this.loadNow(name));
  }

  /**
   * Serves the model no more. Resolves when what it had taken is answered and its processes are gone.
   * @throws NexusError model_control_off, invalid_input, model_not_found
   */
  async unload(name: string, parameters: Parameters): Promise<void> {
    // No model depends on another, so there is nothing to do for it.
    checkParameters(parameters, ['unload_dependents']);
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
  private change(name: string, work: () => Promise<void>): Promise<void> {
    if (this.config.modelControlMode === 'none') return Promise.reject(errors.modelControlOff());
    const earlier = this.changes.get(name) ?? this.registry.loaded;
    const change = earlier.catch(() => {}).then(work);
    this.changes.set(name, change);
    return change.finally(() => this.changes.get(name) === change && this.changes.delete(name));
  }

  private async loadNow(name: string): Promise<void> {
    const { root, models } = await scanRepository(this.config.modelRepository);
    const found = models.find((model) => model.name === name);
    if (found === undefined)
      throw errors.notInRepository(
        name,
        models.map((model) => model.name),
      );
    const model = await this.factory.create(found, root);
    await loadAll(model.versions);
    if (!model.versions.some(({ state }) => state === 'READY')) await this.refuse(model);
    this.failures.delete(name);
    const before = this.registry.put(model);
    if (before !== undefined) void retire(before);
  }

  private async refuse({ name, versions }: Model): Promise<never> {
    const reason = versions.map((version) => `version ${version.version}: ${version.reason}`).join('; ');
    this.failures.set(name, reason);
    await Promise.all(versions.map((version) => version.stop()));
    throw errors.loadFailed(name, reason);
  }
}

/** @throws NexusError invalid_input when there is a parameter that is not among the `known` ones. */
function checkParameters(parameters: Parameters, known: readonly string[]): void {
  const strange = Object.keys(parameters).find((name) => !known.includes(name));
  if (strange !== undefined)
    throw errors.invalidInput(`parameter '${strange}' is not supported; change the files of the repository`);
}

async function retire({ versions }: Model): Promise<void> {
  await Promise.all(versions.map((version) => version.retire()));
}
