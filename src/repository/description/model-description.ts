import { ModelSettingsError, type ModelSettings } from '../model-settings';
import { readModelSettings } from './model-yaml';
import { DEFAULT_FILENAME, findVersions, type FoundModel, type FoundVersion } from '../repository';
import { keysWhere } from '../settings';
import type { VersionPolicy } from '../version-policy.schema';
import { chosenVersions } from '../triton/version-policy';
import { CONFIG_FILE, readJsonConfig, readTritonConfig, type TritonConfig } from '../triton/config-pbtxt';

/** What is known of a model before any of its versions is loaded. */
export interface ModelDescription {
  readonly settings: ModelSettings;
  /** The versions to serve. */
  readonly versions: readonly FoundVersion[];
  /** Why none of them can be. */
  readonly refusal?: string;
}

/** Keys of model.yaml that may stand beside the config.pbtxt of an ensemble, which runs nothing itself. */
const BESIDE_ENSEMBLE = keysWhere(({ besideConfig, inPipeline }) => besideConfig && inPipeline);
/** Those that may stand beside the config.pbtxt of any other model. */
const BESIDE_CONFIG = [
  ...BESIDE_ENSEMBLE,
  ...keysWhere(({ besideConfig, inPipeline }) => besideConfig && !inPipeline),
];

/**
 * Reads the model.yaml and config.pbtxt of `model`. What is wrong with them becomes the refusal.
 * @param wanted the versions to serve; without it the version policy decides.
 */
export function describeModel(
  model: FoundModel,
  repository: string,
  wanted?: readonly string[],
): Promise<ModelDescription> {
  return orRefuse(model, readFiles(model, repository, wanted));
}

/** As {@link describeModel}, by `json`, a configuration that a client sent, instead of both. */
export async function describeByJson(
  model: FoundModel,
  repository: string,
  json: string,
): Promise<ModelDescription> {
  const config = readJsonConfig(json, 'parameters.config', model, repository);
  return orRefuse(
    model,
    config.then((parsed) => follow(parsed, model, repository)),
  );
}

/** The versions of a pipeline, which needs no files in them. */
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
  repository: string,
  wanted: readonly string[] | undefined,
): Promise<ModelDescription> {
  const { refusal, versions } = model;
  if (refusal !== undefined) return { settings: {}, versions, refusal };
  const config = await readTritonConfig(model, repository);
  const settings = await readModelSettings(model.folder, repository);
  if (config === undefined) {
    const version_policy = policyOf(settings.versions);
    const chosen = chosenOf(model, version_policy, wanted);
    if (settings.pipeline !== undefined)
      return { settings: { ...settings, version_policy }, versions: withoutFiles(chosen) };
    const found = model.versions.filter(({ version }) => chosen.includes(version));
    const missing = chosen.filter((version) => !found.some((known) => known.version === version));
    const others = await findVersions(model, missing, DEFAULT_FILENAME, repository);
    return { settings: { ...settings, version_policy }, versions: [...others, ...found].toSorted(byNumber) };
  }
  refuseConflict(
    settings,
    config.settings.pipeline === undefined ? BESIDE_CONFIG : BESIDE_ENSEMBLE,
    model.name,
  );
  const description = await follow(config, model, repository, wanted);
  return { ...description, settings: { ...settings, ...description.settings } };
}

/** What `config` makes of the model. */
async function follow(
  { settings, filename }: TritonConfig,
  model: FoundModel,
  repository: string,
  wanted?: readonly string[],
): Promise<ModelDescription> {
  const chosen = chosenOf(model, settings.version_policy, wanted);
  if (settings.pipeline !== undefined) return { settings, versions: withoutFiles(chosen) };
  return { settings, versions: await findVersions(model, chosen, filename, repository) };
}

function chosenOf(
  { versions }: FoundModel,
  policy: VersionPolicy = {},
  wanted: readonly string[] | undefined,
): readonly string[] {
  const there = versions.map(({ version }) => version);
  return wanted ?? chosenVersions(policy, there);
}

function byNumber(one: FoundVersion, other: FoundVersion): number {
  return Number(one.version) - Number(other.version);
}

/** What model.yaml says of versions, in Triton's words. */
function policyOf(versions: ModelSettings['versions'] = 'all'): VersionPolicy {
  if (versions === 'all') return { all: {} };
  if ('latest' in versions) return { latest: { num_versions: versions.latest } };
  return { specific: { versions: versions.toSorted((one, other) => one - other) } };
}

function refuseConflict(settings: ModelSettings, known: readonly string[], model: string): void {
  const key = Object.keys(settings).find((candidate) => !known.includes(candidate));
  if (key === undefined) return;
  const allowed = known.join(', ');
  throw new ModelSettingsError(
    `${model}/model.yaml: ${key} cannot be set beside ${CONFIG_FILE}, only ${allowed} can; say it in ${CONFIG_FILE}`,
  );
}
