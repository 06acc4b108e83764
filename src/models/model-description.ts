import { ModelSettingsError, type ModelSettings } from './model-settings';
import { readModelSettings } from './model-yaml';
import { findVersions, type FoundModel, type FoundVersion } from './repository';
import { CONFIG_FILE, readTritonConfig } from './triton/triton-config';

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

/** Reads the model.yaml and config.pbtxt of `model`. What is wrong with them becomes the refusal. */
export async function describeModel(model: FoundModel, repository: string): Promise<ModelDescription> {
  try {
    return await read(model, repository);
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
  const wanted = config.chooseVersions(versions.map(({ version }) => version));
  return {
    settings: { ...settings, ...config.settings },
    versions: await findVersions(model, wanted, config.filename, repository),
  };
}

function refuseConflict(settings: ModelSettings, model: string): void {
  const key = Object.keys(settings).find((candidate) => !BESIDE_CONFIG.includes(candidate));
  if (key === undefined) return;
  const allowed = BESIDE_CONFIG.join(', ');
  throw new ModelSettingsError(
    `${model}/model.yaml: ${key} cannot be set beside ${CONFIG_FILE}, only ${allowed} can; say it in ${CONFIG_FILE}`,
  );
}
