import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelSettingsError, readModelSettings, type ModelSettings } from './model-settings';
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

/** Reads the model.yaml or config.pbtxt of `model`. What is wrong with it becomes the refusal. */
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
  if (config === undefined) return { settings: await readModelSettings(folder, repository), versions };
  if (await exists(join(folder, 'model.yaml')))
    throw new ModelSettingsError(
      `${model.name} has both model.yaml and ${CONFIG_FILE}; keep the one that holds its settings`,
    );
  const wanted = config.chooseVersions(versions.map(({ version }) => version));
  return {
    settings: config.settings,
    versions: await findVersions(model, wanted, config.filename, repository),
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
