import { join } from 'node:path';
import { ModelSettingsError, type ModelSettings } from '../model-settings';
import { readModelSettings } from './model-yaml';
import { chooseFile, findVersions, type FoundModel, type FoundVersion } from '../repository';
import { yamlKeyOf } from '../hub/task-keys';
import { readTask } from '../hub/read-task';
import { targetsByVersion } from '../remote-settings';
import { keysWhere } from '../settings';
import type { VersionPolicy } from '../version-policy.schema';
import { chosenVersions } from '../triton/version-policy';
import { CONFIG_FILE, readJsonConfig, readTritonConfig, type TritonConfig } from '../triton/config-pbtxt';

/** Everything known about a model before any of its versions is loaded. */
export interface ModelDescription {
  readonly settings: ModelSettings;
  /** The versions to serve. */
  readonly versions: readonly FoundVersion[];
  /** Why none of them can be served. */
  readonly refusal?: string;
}

/** Keys of model.yaml that are allowed beside the config.pbtxt of an ensemble, which has no runners. */
const BESIDE_ENSEMBLE = keysWhere(({ besideConfig, inPipeline }) => besideConfig && inPipeline);
/** Keys that are allowed beside the config.pbtxt of any other model. */
const BESIDE_CONFIG = [
  ...BESIDE_ENSEMBLE,
  ...keysWhere(({ besideConfig, inPipeline }) => besideConfig && !inPipeline),
];

/**
 * Reads the model.yaml and config.pbtxt of `model`. If they are invalid, the result has a `refusal`.
 * @param requested versions to serve; if undefined, the version policy decides.
 */
export function describeModel(model: FoundModel, requested?: readonly string[]): Promise<ModelDescription> {
  return orRefuse(model, readFiles(model, requested));
}

/** Like {@link describeModel}, but from `json`, a configuration sent by a client, in place of both files. */
export async function describeByJson(model: FoundModel, json: string): Promise<ModelDescription> {
  const config = readJsonConfig(json, 'parameters.config', model);
  return orRefuse(
    model,
    config.then((parsed) => follow(parsed, model)),
  );
}

/** The versions of a pipeline, or of a model that other servers run: they need no files. */
function withoutFiles(versions: readonly string[]): readonly FoundVersion[] {
  return versions.map((version) => ({ version }));
}

async function orRefuse(
  model: FoundModel,
  description: Promise<ModelDescription>,
): Promise<ModelDescription> {
  try {
    return await description;
  } catch (error) {
    if (!(error instanceof ModelSettingsError)) throw error;
    return { settings: {}, versions: model.versions, refusal: error.message };
  }
}

async function readFiles(
  model: FoundModel,
  requested: readonly string[] | undefined,
): Promise<ModelDescription> {
  const { root, refusal, versions } = model;
  if (refusal !== undefined) return { settings: {}, versions, refusal };
  const config = model.settingsFile === undefined ? await readTritonConfig(model) : undefined;
  const settings = await readModelSettings(model, root);
  if (model.settingsFile !== undefined && settings.targets === undefined)
    throw new ModelSettingsError(
      `${model.settingsFile}: expected targets, because only models that other servers run have no folder; add targets, or move the file to ${model.name}/model.yaml`,
    );
  if (config === undefined) {
    const version_policy = policyOf(settings.versions);
    if (settings.targets !== undefined) {
      const numbered = withoutFiles(Object.keys(targetsByVersion(settings)));
      const chosen = chosenOf({ ...model, versions: numbered }, version_policy, requested);
      return { settings: { ...settings, version_policy }, versions: withoutFiles(chosen) };
    }
    const chosen = chosenOf(model, version_policy, requested);
    if (settings.pipeline !== undefined)
      return { settings: { ...settings, version_policy }, versions: withoutFiles(chosen) };
    const { file } = settings;
    const served = file === undefined ? model : await chooseFile(model, file);
    const found = served.versions.filter(({ version }) => chosen.includes(version));
    const missing = chosen.filter((version) => !found.some((known) => known.version === version));
    const others = await findVersions(served, missing, file);
    const all = [...others, ...found].toSorted(byNumber);
    const withTasks = all.map((version) => withTask(version, model, settings));
    return { settings: { ...settings, version_policy }, versions: await Promise.all(withTasks) };
  }
  refuseConflict(
    settings,
    config.settings.pipeline === undefined ? BESIDE_CONFIG : BESIDE_ENSEMBLE,
    model.name,
  );
  const description = await follow(config, model, requested);
  return { ...description, settings: { ...settings, ...description.settings } };
}

/** `found` with its task. A fault in the files of the task is the reason why it cannot be served. */
async function withTask(
  found: FoundVersion,
  { root, folder, bare = false }: FoundModel,
  settings: ModelSettings,
): Promise<FoundVersion> {
  if (found.path === undefined) return found;
  const { version } = found;
  try {
    const task = await readTask(bare ? folder : join(folder, version), folder, root, settings);
    return task === undefined ? found : { ...found, task };
  } catch (error) {
    if (!(error instanceof ModelSettingsError)) throw error;
    return { version, reason: error.message };
  }
}

/** Describes the model as configured by `config`. */
async function follow(
  { settings, filename }: TritonConfig,
  model: FoundModel,
  requested?: readonly string[],
): Promise<ModelDescription> {
  const chosen = chosenOf(model, settings.version_policy, requested);
  if (settings.pipeline !== undefined) return { settings, versions: withoutFiles(chosen) };
  return { settings, versions: await findVersions(model, chosen, filename) };
}

function chosenOf(
  { versions }: FoundModel,
  policy: VersionPolicy = {},
  requested: readonly string[] | undefined,
): readonly string[] {
  const available = versions.map(({ version }) => version);
  return requested ?? chosenVersions(policy, available);
}

function byNumber(one: FoundVersion, other: FoundVersion): number {
  return Number(one.version) - Number(other.version);
}

/** The key `versions` of model.yaml as a version policy in Triton's terms. */
function policyOf(versions: ModelSettings['versions'] = 'all'): VersionPolicy {
  if (versions === 'all') return { all: {} };
  if ('latest' in versions) return { latest: { num_versions: versions.latest } };
  return { specific: { versions: versions.toSorted((one, other) => one - other) } };
}

function refuseConflict(settings: ModelSettings, known: readonly string[], model: string): void {
  const setting = Object.keys(settings).find((candidate) => !known.includes(candidate));
  if (setting === undefined) return;
  const key = yamlKeyOf(setting);
  const allowed = known.join(', ');
  throw new ModelSettingsError(
    `${model}/model.yaml: ${key} cannot be set beside ${CONFIG_FILE}, which allows only ${allowed}; set it in ${CONFIG_FILE}`,
  );
}
