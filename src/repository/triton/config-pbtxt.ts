import { join, relative } from 'node:path';
import { LABEL_BYTES, readInnerText, type UnreadableFile } from '../inner-file';
import { ModelSettingsError, type ModelSettings } from '../model-settings';
import type { FoundModel } from '../repository';
import { batchingSettingsOf } from './batching';
import { ensembleOf } from './ensemble';
import { instancesOf, threadsOf } from './instances';
import { parseMessageJson } from './text/json-mapping';
import { MODEL_CONFIG, type ModelConfig } from './model-config';
import { checkIdentity, refuseEscapes, refuseUnread, refuseUnsupported } from './refusals';
import { tensorsOf } from './tensors';
import { Fault } from './text/fault';
import { positionOf, readMessage } from './text/read-message';
import { parseText, type TextField } from './text/parse-text';
import { versionPolicyOf } from './version-policy';
import { warmUpSamplesOf } from './warm-up-samples';

/** The result of reading a Triton model configuration. */
export interface TritonConfig {
  readonly settings: ModelSettings;
  /** Name of the ONNX file in each version folder. */
  readonly filename: string;
}

/** Name of Triton's model configuration file. */
export const CONFIG_FILE = 'config.pbtxt';

const MAX_BYTES = 2 ** 20;

/**
 * Reads the config.pbtxt of `model`, and the files it names. Returns undefined if the file does not exist.
 * @throws ModelSettingsError if the file is invalid, or requests something that Nexus does not support.
 */
export async function readTritonConfig(model: FoundModel): Promise<TritonConfig | undefined> {
  const file = relative(join(model.root, '..'), join(model.folder, CONFIG_FILE));
  const text = await readInnerText(model.folder, CONFIG_FILE, model.root, MAX_BYTES).catch(
    (error: UnreadableFile) => {
      if (error.code === 'ENOENT') return undefined;
      throw new ModelSettingsError(`${file} cannot be read: ${error.message}`);
    },
  );
  if (text === undefined) return undefined;
  return explained(file, () => understand(typed(parseText(text)), file, model));
}

/**
 * Reads a configuration that a client sent as JSON for `model`, and the files it names, which must be in the model
 * folder.
 * @param file name of the configuration in messages.
 * @throws ModelSettingsError like {@link readTritonConfig}.
 */
export function readJsonConfig(json: string, file: string, model: FoundModel): Promise<TritonConfig> {
  return explained(file, () => {
    const config = typed(parseMessageJson(json, MODEL_CONFIG));
    refuseEscapes(config);
    return understand(config, file, model);
  });
}

/** The result of `read`. @throws ModelSettingsError for a Fault, prefixed with the file. */
async function explained(file: string, read: () => Promise<TritonConfig>): Promise<TritonConfig> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Fault) throw new ModelSettingsError(`${file}:${error.message}`);
    throw error;
  }
}

function typed(fields: readonly TextField[]): ModelConfig {
  refuseUnread(fields);
  return readMessage(fields, MODEL_CONFIG);
}

async function understand(config: ModelConfig, file: string, model: FoundModel): Promise<TritonConfig> {
  const { root, folder } = model;
  checkIdentity(config, model);
  refuseUnsupported(config);
  const { default_model_filename: filename = '' } = config;
  const pipeline = ensembleOf(config, file);
  return {
    filename: filename === '' ? 'model.onnx' : filename,
    settings: {
      ...(pipeline === undefined ? {} : { pipeline }),
      ...batchingSettingsOf(config),
      ...instancesOf(config, file),
      ...threadsOf(config),
      response_cache: config.response_cache?.enable ?? false,
      version_policy: versionPolicyOf(config),
      declared: tensorsOf(config, file),
      label_files: labelFilesOf(config),
      labels: await readLabels(config, folder, root),
      warmup: await warmUpSamplesOf(config, folder, root),
    },
  };
}

/** Label file of each output. */
function labelFilesOf({ output = [] }: ModelConfig): Record<string, string> {
  const named = output.filter(({ label_filename: file = '' }) => file !== '');
  return Object.fromEntries(named.map(({ name = '', label_filename: file = '' }) => [name, file]));
}

async function readLabels(
  { output = [] }: ModelConfig,
  folder: string,
  repository: string,
): Promise<Record<string, readonly string[]>> {
  const labels: Record<string, readonly string[]> = {};
  for (const tensor of output) {
    const { name = '', label_filename: file = '' } = tensor;
    if (file === '') continue;
    const content = await readInnerText(folder, file, repository, LABEL_BYTES).catch((error: Error) => {
      const { line } = positionOf(tensor, 'label_filename');
      throw new Fault({ line }, `the label file '${file}' cannot be read: ${error.message}`);
    });
    labels[name] = content.trimEnd().split(/\r?\n/);
  }
  return labels;
}
