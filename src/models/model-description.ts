import { ModelSettingsError, type ModelSettings } from './model-settings';
import { readModelSettings } from './model-yaml';
import { findVersions, type FoundModel, type FoundVersion } from './repository';
import { chosenVersions } from './triton/version-policy';
import { CONFIG_FILE, readJsonConfig, readTritonConfig, type TritonConfig } from './triton/triton-config';

/** What is known of a model before any of its versions is loaded. */
export interface ModelDescription {
  readonly settings: ModelSettings;
  /** The versions to serve. */
  readonly versions: readonly FoundVersion[];
  /** Why none of them can be. */
  readonly refusal?: string;
}

/** Keys of model.yaml for which config.pbtxt has no field. */
const BESIDE_CONFIG: readonly string[] = [
  'description',
  'required',
  'timeout_ms',
  'load_timeout_ms',
  'max_queue_rows',
  'max_queue_bytes',
] satisfies (keyof ModelSettings)[];

/**
 * Reads the model.yaml and config.pbtxt of `model`, or instead of both `json`, the configuration that a client sent.
 * What is wrong with them becomes the refusal.
 */
export async function describeModel(
  model: FoundModel,
  repository: string,
  json?: string,
): Promise<ModelDescription> {
  try {
    if (json === undefined) return await read(model, repository);
    return await follow(
      await readJsonConfig(json, 'parameters.config', model, repository),
      model,
      repository,
    );
  } catch (error) {
    if (!(error instanceof ModelSettingsError)) throw error;
    return { settings: {}, versions: model.versions, refusal: error.message };
  }
}

async function read(model: FoundModel, repository: string): Promise<ModelDescription> {
  const { folder, versions } = model;
  const config = await readTritonConfig(model, repository);
  const settings = await readModelSettings(folder, repository);
  if (config === undefined) return { settings, versions };
  refuseConflict(settings, model.name);
  const description = await follow(config, model, repository);
  return { ...description, settings: { ...settings, ...description.settings } };
}

/** What `config` makes of the model. */
async function follow(
  { settings, filename }: TritonConfig,
  model: FoundModel,
  repository: string,
): Promise<ModelDescription> {
  const there = model.versions.map(({ version }) => version);
  const wanted = chosenVersions(settings.version_policy ?? {}, there);
  return { settings, versions: await findVersions(model, wanted, filename, repository) };
}

function refuseConflict(settings: ModelSettings, model: string): void {
  const key = Object.keys(settings).find((candidate) => !BESIDE_CONFIG.includes(candidate));
  if (key === undefined) return;
  const allowed = BESIDE_CONFIG.join(', ');
  throw new ModelSettingsError(
    `${model}/model.yaml: ${key} cannot be set beside ${CONFIG_FILE}, only ${allowed} can; say it in ${CONFIG_FILE}`,
  );
}
