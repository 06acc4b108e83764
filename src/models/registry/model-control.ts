import { Injectable } from '@nestjs/common';
import { errors } from '../../common/errors';
import { NexusError } from '../../common/nexus-error';
import { Config } from '../../config/config';
import { systemReason } from '../../repository/inner-file';
import { ModelFactory, type Making } from './model-factory';
import type { Model, Servable } from '../model';
import { ModelRegistry } from './model-registry';
import { unloadsDependents, type ChangeParameters } from '../../repository/overrides/load-parameters';
import { OverrideFolder } from '../../repository/overrides/override-folder';
import { requireModelName, type Overrides } from '../../repository/overrides/overrides';
import { partNames } from '../../repository/pipeline-definition';
import { scanRepositories } from '../../repository/repositories';
import { findModel, type FoundModel } from '../../repository/repository';
import { Mirrors } from '../../storage/sync/mirrors';
import type { RepositoryIndexEntry } from '../report/repository-index.schema';
import { loadAll } from './load-all';
import { LoadLimits } from './load-limits';
import { mayWait } from './may-wait';
import { missingParts } from './missing-parts';

/** Result of loading or unloading one version. */
export type VersionChange = 'loaded' | 'replaced' | 'unchanged' | 'unloaded';

/** Loads and unloads models while the gateway runs, and lists the repository. */
@Injectable()
export class ModelControl {
  /** The last pending change of each model. Changes of one model run one at a time. */
  private readonly changes = new Map<string, Promise<unknown>>();
  /** Why the last load from the repository failed, for models that are not served. */
  private readonly failures = new Map<string, string>();

  constructor(
    private readonly config: Config,
    private readonly registry: ModelRegistry,
    private readonly factory: ModelFactory,
    private readonly limits: LoadLimits,
    private readonly mirrors: Mirrors,
  ) {}

  /** @throws NexusError model_control_off */
  requireExplicit(): void {
    const { modelControlMode } = this.config;
    if (modelControlMode !== 'explicit') throw errors.modelControlOff(modelControlMode);
  }

  /**
   * Loads the model from the repository, or, for this load only, from `overrides`. A version with unchanged files
   * continues to run with the new settings. Any other version replaces the running version of the same number once it
   * is READY; the old one finishes its requests first. If a version cannot be loaded, the old one continues to serve.
   * Models of a pipeline that are not served are loaded first.
   *
   * @throws NexusError model_control_off, invalid_input, not_in_repository, repository_unreadable, no_room, load_limit;
   *   load_failed if no version could be loaded, or a served version could not be replaced.
   */
  async load(name: string, overrides: Overrides): Promise<void> {
    this.requireExplicit();
    const { config, files } = overrides;
    if (files.size > 0) return this.loadSent(name, overrides);
    await this.change(name, async () => {
      await this.loadParts(name, config);
      const found = await this.find(name);
      await this.serve(await this.create(found, { json: config, before: this.registry.peek(name) }));
    });
  }

  /**
   * Loads one version like {@link load}, whatever the version policy of the model. Other versions do not change.
   * @throws NexusError as load, and version_not_in_repository
   */
  async loadVersion(name: string, version: string): Promise<VersionChange> {
    this.requireExplicit();
    return this.change(name, async () => {
      const found = await this.find(name);
      const versions = found.versions.filter((candidate) => candidate.version === version);
      const known = found.versions.map((candidate) => candidate.version);
      if (versions.length === 0) throw errors.versionNotInRepository(name, version, known);
      const before = this.registry.peek(name);
      const model = await this.create({ ...found, versions }, { before, versions: [version] });
      const [made] = model.versions;
      const others = before?.versions.filter((other) => other.version !== version) ?? [];
      await this.serve({ ...model, versions: [...others, made!].toSorted(byNumber) });
      if (before?.versions.includes(made!) === true) return 'unchanged';
      return before !== undefined && others.length < before.versions.length ? 'replaced' : 'loaded';
    });
  }

  /**
   * Unloads the model. Resolves when its requests are finished and its processes have ended. With `unload_dependents`,
   * also unloads the models that were loaded only as parts of this pipeline.
   * @throws NexusError model_control_off, invalid_input, model_not_found
   */
  async unload(name: string, parameters: ChangeParameters): Promise<void> {
    this.requireExplicit();
    const dependents = unloadsDependents(parameters);
    const parts = partNames(this.registry.peek(name)?.settings.pipeline);
    await this.change(name, () => this.unloadNow(name));
    if (dependents) for (const part of parts) await this.unloadPart(part, parameters);
  }

  /**
   * Unloads one version like {@link unload}. Unloading the last version unloads the model.
   * @throws NexusError model_control_off, model_not_found, version_not_found
   */
  async unloadVersion(name: string, version: string): Promise<VersionChange> {
    this.requireExplicit();
    return this.change<VersionChange>(name, async () => {
      const model = this.registry.get(name);
      const removed = this.registry.versionOf(name, version);
      const rest = model.versions.filter((other) => other !== removed);
      if (rest.length === 0) this.registry.remove(name);
      else this.registry.put({ ...model, versions: rest });
      await removed.retire();
      return 'unloaded';
    });
  }

  /**
   * Applies a change in the repository: loads `found` like {@link load}, or unloads the model if it was removed. Never
   * rejects because of errors in the model.
   */
  async follow(name: string, found: FoundModel | undefined): Promise<void> {
    const work = async () => {
      if (found !== undefined) {
        const model = await this.factory.create(found, { before: this.registry.peek(name) });
        return model.settings.pipeline === undefined ? this.serve(model) : this.servePipeline(model);
      }
      if (this.registry.peek(name) !== undefined) await this.unloadNow(name);
    };
    await this.change(name, () =>
      work().catch((error: unknown) => {
        if (!(error instanceof NexusError)) throw error;
      }),
    );
  }

  /** Lists every version of every model, served or only in the repository, with its state and the reason. */
  async index(): Promise<RepositoryIndexEntry[]> {
    const served = this.registry.list().flatMap(({ versions }) => versions);
    const entries = served.map(({ name, version, state, reason }) => ({ name, version, state, reason }));
    if (this.config.modelControlMode === 'none') return entries;
    const names = new Set(served.map(({ name }) => name));
    const others = (await this.scan())
      .filter(({ name }) => !names.has(name))
      .flatMap((model) => this.unloaded(model));
    return [...entries, ...others].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  private unloaded({ name, versions, refusal }: FoundModel): RepositoryIndexEntry[] {
    const reason = this.failures.get(name) ?? refusal ?? 'unloaded';
    return versions.map(({ version }) => ({ name, version, state: 'UNAVAILABLE', reason }));
  }

  /** @throws NexusError repository_unreadable */
  private scan(): Promise<readonly FoundModel[]> {
    const { config, mirrors } = this;
    return scanRepositories(mirrors.roots, config.modelName).catch((error: NodeJS.ErrnoException) => {
      throw errors.repositoryUnreadable(systemReason(error));
    });
  }

  /** Runs `work` after the earlier changes of the model. */
  private async change<T>(name: string, work: () => Promise<T>): Promise<T> {
    const earlier = this.changes.get(name) ?? this.registry.loaded;
    const change = earlier.catch(() => {}).then(work);
    this.changes.set(name, change);
    return change.finally(() => this.changes.get(name) === change && this.changes.delete(name));
  }

  /** Loads the models of the pipeline `name` that are not served. Does nothing if the model is not a pipeline. */
  private async loadParts(name: string, config: string | undefined): Promise<void> {
    const ofPart = (error: unknown) => {
      throw error instanceof NexusError ? errors.loadFailed(name, error.message) : error;
    };
    const parts = await missingParts(name, (model) =>
      model === name ? this.missingOf(name, config) : this.missingOf(model).catch(ofPart),
    );
    // A change of a pipeline waits only for changes of its parts, and a cycle has no parts, so this cannot deadlock.
    for (const part of parts) await this.change(part, () => this.loadPart(part)).catch(ofPart);
  }

  /** The models in the steps of `name` that are not served. */
  private async missingOf(name: string, json?: string): Promise<readonly string[]> {
    const { settings } = await this.factory.describe(await this.find(name), { json });
    return partNames(settings.pipeline).filter((part) => this.registry.peek(part) === undefined);
  }

  private async loadPart(name: string): Promise<void> {
    if (this.registry.peek(name) !== undefined) return;
    await this.serve({ ...(await this.create(await this.find(name))), isPart: true });
  }

  private async unloadPart(name: string, parameters: ChangeParameters): Promise<void> {
    const isNeeded = this.registry.list().some(({ settings }) => partNames(settings.pipeline).includes(name));
    if (this.registry.peek(name)?.isPart === true && !isNeeded) await this.unload(name, parameters);
  }

  /** Loads a model that a client sent. The disk space of its files is reserved before the change is queued. */
  private loadSent(name: string, { config, files }: Overrides): Promise<void> {
    requireModelName(name);
    const release = this.limits.takeFiles(files);
    return this.change(name, async () => {
      const folder = await OverrideFolder.write(files, release);
      try {
        const found = await findModel(folder.path, name, folder.path);
        await this.serve({ ...(await this.create(found, { json: config })), folder });
      } catch (error) {
        // Some of its versions may still be served.
        if (this.registry.peek(name)?.folder !== folder) await folder.remove();
        throw error;
      }
    });
  }

  /** Creates a model that a client requested. */
  private create(found: FoundModel, making: Making = {}): Promise<Model> {
    return this.factory.create(found, { ...making, byRequest: true });
  }

  private async unloadNow(name: string): Promise<void> {
    const model = this.registry.remove(name);
    if (model === undefined) throw errors.modelNotFound(name);
    await retire(model.versions, model.folder);
  }

  private async find(name: string): Promise<FoundModel> {
    const found = (await this.scan()).find((model) => model.name === name);
    if (found !== undefined) return found;
    throw errors.notInRepository(name);
  }

  /** Loads the new versions of `model` and serves it. @throws NexusError load_failed */
  private async serve(model: Model): Promise<void> {
    const before = this.registry.peek(model.name);
    const made = model.versions.filter((version) => before?.versions.includes(version) !== true);
    await this.loadWithinLimits(made, before);
    const isExplicit = this.config.modelControlMode === 'explicit';
    const failed = made.filter(
      (version) => version.state !== 'READY' && (isExplicit || !mayWait(version, before)),
    );
    const reason = failed.map((version) => `version ${version.version}: ${version.reason}`).join('; ');
    if (failed.length > 0 && failed.length === model.versions.length)
      return this.refuse(model, before, reason);
    this.failures.delete(model.name);
    const kept = failed.flatMap((version) => keptInPlaceOf(version, before) ?? []);
    const versions = model.versions.map((version) => {
      const place = kept.find((other) => other.version === version.version);
      return failed.includes(version) && place !== undefined ? place : version;
    });
    this.registry.put({ ...model, versions });
    const removed = [...(before?.versions ?? []), ...failed].filter((version) => !versions.includes(version));
    void retire(removed, before?.folder === model.folder ? undefined : before?.folder);
    if (kept.length > 0) throw errors.loadFailed(model.name, reason);
  }

  /** @throws NexusError load_limit if there would be too many versions. The limit does not apply in poll mode. */
  private async loadWithinLimits(made: readonly Servable[], before: Model | undefined): Promise<void> {
    if (this.config.modelControlMode !== 'explicit') return loadAll(made);
    const served = this.registry.list().reduce((sum, { versions }) => sum + versions.length, 0);
    const more = made.filter(({ version }) => !before?.versions.some((old) => old.version === version));
    await this.limits.whileLoading(served, more.length, () => loadAll(made));
  }

  /** Serves a pipeline even if its models are not served yet: they may be added later. */
  private async servePipeline(model: Model): Promise<void> {
    const before = this.registry.put(model);
    await loadAll(model.versions);
    const removed = before?.versions.filter((version) => !model.versions.includes(version)) ?? [];
    void retire(removed, before?.folder);
  }

  private async refuse({ name, versions, folder }: Model, before: Model | undefined, reason: string) {
    if (folder === undefined && before === undefined) this.failures.set(name, reason);
    for (const version of versions) keptInPlaceOf(version, before);
    await Promise.all(versions.map((version) => version.stop()));
    throw errors.loadFailed(name, reason);
  }
}

/** Returns the version of `before` that continues to serve because `failed` cannot replace it, and sets its reason. */
function keptInPlaceOf(failed: Servable, before: Model | undefined): Servable | undefined {
  // A version that is not in memory would have to be loaded from the new file.
  const kept = before?.versions.find(
    ({ version, state, inMemory }) => version === failed.version && state === 'READY' && inMemory,
  );
  kept?.keep(failed.reason);
  return kept;
}

function byNumber(one: Servable, other: Servable): number {
  return Number(one.version) - Number(other.version);
}

async function retire(versions: readonly Servable[], folder: OverrideFolder | undefined): Promise<void> {
  await Promise.all(versions.map((version) => version.retire()));
  await folder?.remove();
}
